import type { AppKeys } from '../../channels-protocol/client-auth.js';

/** An `http.Agent` or `https.Agent`; structural, so that our types need none of Node's. */
export interface HttpAgentLike {
  readonly maxSockets: number;
  destroy(): void;
}

/** Options of the pusher backend. */
export interface PusherOptions {
  /** The cluster that the application is in, such as `eu`. @default 'mt1' */
  cluster?: string | undefined;
  /** Host of the HTTP API, of another server that speaks it or of a dedicated cluster. @default that of the cluster */
  host?: string | undefined;
  /** Port of the HTTP API. @default 443 with `useSsl`, else 80 */
  port?: number | undefined;
  /** Host of the WebSockets, for `subscribe` and for browsers. @default that of the cluster, or `host` */
  wsHost?: string | undefined;
  /** Port of the WebSockets. @default `port` where `host` has the WebSockets too, else 443 with `useSsl` and 80 without */
  wsPort?: number | undefined;
  /** The key of end-to-end encrypted channels: 32 bytes in base64, as `openssl rand -base64 32` makes them. @default no encrypted channels */
  encryptionMasterKeyBase64?: string | undefined;
  /**
   * An `http.Agent`, or with `useSsl` an `https.Agent`: for a proxy, or a certificate authority of one's own. `close()` leaves it open.
   * @default one of the backend's own, with keep-alive
   */
  agent?: HttpAgentLike | undefined;
  /** Connections at once, of the backend's own agent. Requests of `send` are bound by `concurrency` before. @default 100 */
  maxSockets?: number | undefined;
  /** Size of an event's data in UTF-8 bytes, after encryption; dedicated clusters may take more. @default 10 240 (Pusher's) */
  maxEventBytes?: number | undefined;
  /** Deadline of a query, `sendToUser`, `terminateUserConnections` or `subscribe`, in milliseconds. @default 10 000 */
  requestTimeoutMs?: number | undefined;
  /** Turns `data` into JSON text. MUST be pure. @default JSON, which refuses what it would lose */
  encode?: ((data: unknown) => string) | undefined;
  /** Further keys of the application that may sign its webhooks, as while one is replaced by another. @default the settings' own alone */
  webhookKeys?: readonly AppKeys[] | undefined;
  /**
   * How far the time in a webhook may be from this machine's, in milliseconds; 3 600 000 at most. Pusher sends the same body for 5 minutes until it
   * is taken. @default 600 000
   */
  webhookMaxAgeMs?: number | undefined;
}
