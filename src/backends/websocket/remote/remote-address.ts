import { z } from 'zod';
import { settingsCheck } from '../../../schema-check.js';

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
      host: z
        .custom<string>(
          isHost,
          'must be a name or an address, such as "push.example.com" or "::1", without a port or a path',
        )
        .optional(),
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

function authorityOf(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether an address with this host leads there and nowhere else. */
function isHost(value: unknown): boolean {
  if (typeof value !== 'string' || value === '') return false;
  // Any port but the scheme's own, which an address leaves out.
  const authority = authorityOf(value.toLowerCase(), 1);
  const address = `http://${authority}`;
  return URL.canParse(address) && new URL(address).host === authority;
}
