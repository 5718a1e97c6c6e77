import { z } from 'zod';
import { settingsCheck } from '../../../schema-check.js';
import { authorityOf, HOST_RULE, isHost } from '../../http/host.js';

/** Where the server is that runs in another process. */
export interface RemoteWebSocketOptions {
  /** @default '127.0.0.1' */
  host?: string | undefined;
  /** @default 443 with `useSsl`, else 80 */
  port?: number | undefined;
}

/** A server's two faces. */
export interface RemoteAddress {
  /** As in `http://127.0.0.1:6001`. */
  readonly http: string;
  /** As in `ws://127.0.0.1:6001`. */
  readonly webSocket: string;
}

const checkOptions: (options: unknown) => RemoteWebSocketOptions = settingsCheck(
  "The remote websocket backend's options",
  () =>
    z.strictObject({
      host: z.custom<string>(isHost, HOST_RULE).optional(),
      port: z.number().int().min(1).max(65_535).optional(),
    }),
);

/** @throws ConfigurationError naming each option that is wrong */
export function remoteAddress(options: RemoteWebSocketOptions, useSsl: boolean): RemoteAddress {
  const { host = '127.0.0.1', port = useSsl ? 443 : 80 } = checkOptions(options);
  const authority = authorityOf(host, port);
  return useSsl
    ? { http: `https://${authority}`, webSocket: `wss://${authority}` }
    : { http: `http://${authority}`, webSocket: `ws://${authority}` };
}
