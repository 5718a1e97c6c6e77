import type { RequestSession } from './request-session.js';

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
