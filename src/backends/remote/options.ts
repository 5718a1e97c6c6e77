import * as z from 'zod/mini';
import { isPathPrefix, PATH_PREFIX_RULE } from '../../core/path-prefix.js';
import { settingsCheck } from '../../core/schema-check.js';
import { whole } from '../../core/schema-parts.js';
import { publicUrlOption } from '../../pusher-protocol/public-url.js';
import { type CheckedPublishLimits, type PublishLimits, publishLimits } from '../../pusher-protocol/publish-limits.js';
import type { AppKeys } from '../../pusher-protocol/signature.js';
import { type CheckedWebhookOptions, webhookOptions } from '../../webhooks/options.js';
import { authorityOf, HOST_RULE, isHost } from '../sdk/host.js';

/**
 * Options of the backend for an embedded server in another process. Its limits of names and requests are to be those
 * of the server, which refuses what is over its own.
 */
export interface RemoteWebSocketOptions extends PublishLimits {
  /** Name or IP address of the server's machine. @default '127.0.0.1' */
  host?: string | undefined;
  /** @default 443 with `useSsl`, else 80 */
  port?: number | undefined;
  /**
   * What stands before `/apps/APPID` and `/app/KEY` in the server's address, such as `'/ws'` behind a proxy. It is not
   * signed: the server never sees it, or takes it off by its own option `path`.
   * @default nothing
   */
  path?: string | undefined;
  /**
   * The address that browsers connect to, when it is another than `host` and `port`, as behind a proxy:
   * `'wss://push.example.com'`, or `'wss://example.com/ws'`. Without a path in it, pages get `path`.
   * @default the server's address as `host`, `port`, `path` and `useSsl` name it
   */
  publicUrl?: string | undefined;
  /**
   * Further keys that may sign incoming webhooks, for the time in which one key replaces another.
   * @default the settings' own alone
   */
  webhookKeys?: readonly AppKeys[] | undefined;
  /**
   * How far the time in an incoming webhook may be from this machine's, in milliseconds; 3 600 000 at most.
   * @default 600 000
   */
  webhookMaxAgeMs?: number | undefined;
}

/** Options that have been checked. */
export type CheckedRemoteOptions = Omit<RemoteWebSocketOptions, 'webhookMaxAgeMs' | keyof PublishLimits> &
  CheckedWebhookOptions &
  CheckedPublishLimits;

/**
 * Checks the options and fills in the defaults.
 * @throws ConfigurationError naming each option that is wrong
 */
export const checkRemoteOptions: (options: unknown) => CheckedRemoteOptions = settingsCheck(
  "The remote backend's options",
  () =>
    z.strictObject({
      host: z.optional(z.custom<string>(isHost, HOST_RULE)),
      port: z.optional(whole(1, 65_535)),
      path: z.optional(z.custom<string>(isPathPrefix, PATH_PREFIX_RULE)),
      publicUrl: z.optional(publicUrlOption()),
      ...webhookOptions(),
      ...publishLimits(),
    }),
);

/** The two addresses of a server, for HTTP and for WebSockets. */
export interface RemoteAddress {
  /** As in `http://127.0.0.1:6001/ws`. */
  readonly http: string;
  /** As in `ws://127.0.0.1:6001/ws`. */
  readonly webSocket: string;
}

/** The addresses of the server that the options name. @param useSsl whether it is reached over TLS */
export function remoteAddress(options: RemoteWebSocketOptions, useSsl: boolean): RemoteAddress {
  const { host = '127.0.0.1', port = useSsl ? 443 : 80, path = '' } = options;
  const place = `${authorityOf(host, port)}${path}`;
  return useSsl
    ? { http: `https://${place}`, webSocket: `wss://${place}` }
    : { http: `http://${place}`, webSocket: `ws://${place}` };
}
