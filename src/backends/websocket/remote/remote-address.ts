import { z } from 'zod';
import { settingsCheck } from '../../../schema-check.js';

/** Where the server is that runs in another process. */
export interface RemoteWebSocketOptions {
  /** @default '127.0.0.1' */
  host?: string | undefined;
  /** @default 443 with TLS, else 80 */
  port?: number | undefined;
  /** Whether the server is reached over TLS. @default false */
  useTLS?: boolean | undefined;
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
      host: z.string().min(1, 'must not be empty').optional(),
      port: z.number().int().min(1).max(65_535).optional(),
      useTLS: z.boolean().optional(),
    }),
);

/** @throws ConfigurationError naming each option that is wrong */
export function remoteAddress(options: RemoteWebSocketOptions): RemoteAddress {
  const { host = '127.0.0.1', useTLS = false, port = useTLS ? 443 : 80 } = checkOptions(options);
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return useTLS
    ? { http: `https://${authority}`, webSocket: `wss://${authority}` }
    : { http: `http://${authority}`, webSocket: `ws://${authority}` };
}
