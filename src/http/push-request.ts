import type { IncomingMessage } from 'node:http';
import type { RequestSession } from './request-session.js';

/** A request as Node has it, with what middleware has put on it. */
export interface NodeRequest extends IncomingMessage {
  /** Express: the address before a router took its part off. */
  readonly originalUrl?: string;
  /** Set by `pushSession`. */
  readonly pushSession?: RequestSession;
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
