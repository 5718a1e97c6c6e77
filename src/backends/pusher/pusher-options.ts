/** Options of the pusher backend. */
export interface PusherOptions {
  /** The cluster that the application is in, such as `eu`. */
  cluster?: string | undefined;
  /** Host of the HTTP API. @default that of the cluster */
  host?: string | undefined;
  /** @default 443 with `useSsl`, else 80 */
  port?: number | undefined;
}
