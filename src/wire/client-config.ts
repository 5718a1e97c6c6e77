/**
 * The configuration of a page's client. `PushService.clientConfig` makes it on the server, and `PushClient` reads it in
 * the browser. It holds nothing secret.
 */
export interface ClientConfig {
  /** Name of the backend, which chooses the client's driver. */
  readonly backend: string;
  /** The channels of the page's user or session; the client subscribes to them when it connects. */
  readonly channels: readonly string[];
  /** The application's public key. */
  readonly key?: string;
  /** Cluster of the hosted service to connect to (Pusher), in place of a host. */
  readonly cluster?: string;
  /** Host to connect to. @default the page's own host */
  readonly host?: string;
  /** Port to connect to. @default the page's own port */
  readonly port?: number;
  /** What stands before `/app/KEY` in the server's address, such as `/ws`. @default nothing */
  readonly path?: string;
  /** Whether to connect over TLS. @default as the page itself */
  readonly useTLS?: boolean;
  /** Id of the page's user, where it is known. With PubNub, a session without a user has an id made of the session. */
  readonly userId?: string;
  /** Path or URL that authorises the page's channels. @default '/push/auth' with Pusher's protocol, none elsewhere */
  readonly authEndpoint?: string;
  /** Whether `authEndpoint` answers several channels in one request, each for itself. @default false */
  readonly batchAuth?: boolean;
  /** Path or URL that signs the page's user in. @default '/push/user-auth' with Pusher's protocol, none elsewhere */
  readonly userAuthEndpoint?: string;
  /** Further values for the backend's driver. */
  readonly [name: string]: unknown;
}
