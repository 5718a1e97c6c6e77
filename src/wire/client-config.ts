/**
 * What a page needs to receive its messages. `PushService.clientConfig` makes it on the server, and
 * `PushClient` reads it in the browser. Everything in it is public.
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
  /** Whether to connect over TLS. @default as the page itself */
  readonly useTLS?: boolean;
  /** The id of the page's user, where it is known; with PubNub, for a session of nobody, an id made of the session. */
  readonly userId?: string;
  /** Where the page asks for leave to subscribe. @default '/push/auth' with Pusher's protocol; else nobody is asked */
  readonly authEndpoint?: string;
  /** Where the page asks for its user's sign-in. @default as `authEndpoint`: '/push/user-auth' */
  readonly userAuthEndpoint?: string;
  /** What else the backend's driver needs. */
  readonly [name: string]: unknown;
}
