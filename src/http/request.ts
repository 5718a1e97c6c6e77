import type { ClientConfig } from '../wire/client-config.js';

/** A request of Node's, as far as it is read here, with what middleware has put on it. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  on(event: string, listener: (value: unknown) => void): unknown;
  /** Whether the body has been read. */
  readonly readableEnded: boolean;
  /** Express: the address before a router took its part off. */
  readonly originalUrl?: string | undefined;
  /** Set by `pushSession`. */
  readonly pushSession?: RequestSession | undefined;
  /** What a body parser made of the body. */
  readonly body?: unknown;
  /** The body to the byte, where the application keeps it. */
  readonly rawBody?: unknown;
  /** Whatever else middleware adds, such as `user`. */
  readonly [property: string]: unknown;
}

/** What comes along with a web `Request`. */
export interface PushRequestContext {
  /** The request of Node's that the web `Request` was made of, with all that middleware has put on it: `context.node?.user`. */
  readonly node?: NodeRequest | undefined;
}

/** A request's session, as push knows it: `request.pushSession`. */
export interface RequestSession {
  /** The channel that reaches this session and no other; undefined while it has none. */
  readonly channelId: string | undefined;
  /** The id of the user to whom the session is tied; undefined while it is nobody's. */
  readonly userId: string | undefined;
  /**
   * What the page of this session needs to receive its messages. It gives the session a channel, and ties it to the user who is
   * logged in. Call it before the response begins: what is new in a session is kept by a cookie.
   * @throws ConfigurationError when the response has begun, or the request has no session any more
   * @throws whatever the session adapter throws
   */
  clientConfig(): Promise<ClientConfig>;
}

// Merges with the types of Express where they are installed, and needs them nowhere.
declare global {
  namespace Express {
    interface Request {
      /** Made by `pushSession()` of pushrail. */
      pushSession: RequestSession;
    }
  }
}
