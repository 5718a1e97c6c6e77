import type { ClientConfig } from '../wire/client-config.js';

/** A request of `node:http`, with the properties that middleware adds. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  on(event: string, listener: (value: unknown) => void): unknown;
  /** Whether the body has been read. */
  readonly readableEnded: boolean;
  /** The full path in Express, where a router shortens `url`. */
  readonly originalUrl?: string | undefined;
  /** Set by `pushSession`. */
  readonly pushSession?: RequestSession | undefined;
  /** The body as a body parser left it. */
  readonly body?: unknown;
  /** The body's bytes, when the application keeps them. */
  readonly rawBody?: unknown;
  /** Anything else that middleware adds, such as `user`. */
  readonly [property: string]: unknown;
}

/** The second argument of a push handler. */
export interface PushRequestContext {
  /**
   * The Node request behind the web `Request`, with the properties that middleware added, such as `context.node?.user`.
   */
  readonly node?: NodeRequest | undefined;
}

/** The push session of a request: `request.pushSession`. */
export interface RequestSession {
  /**
   * The channel of this session alone; undefined until the session has one. Each log-in and log-out gives the session
   * another one, so its pages ask for their configuration again.
   */
  readonly channelId: string | undefined;
  /** The id of the session's user; undefined while nobody is logged in. */
  readonly userId: string | undefined;
  /**
   * Makes the configuration for the page of this session, which passes it to `new PushClient(config)`. The session gets
   * a channel, and is bound to the user who is logged in. Call it before the response begins, because a new session
   * needs its cookie.
   * @throws ConfigurationError when the response has begun, or the session is destroyed
   * @throws whatever the session adapter throws
   * @example
   * app.get('/push/config', async (request, response) => {
   *   response.json(await request.pushSession.clientConfig());
   * });
   */
  clientConfig(): Promise<ClientConfig>;
}

// Adds to the types of Express where they are installed. This file does not need them.
declare global {
  namespace Express {
    interface Request {
      /** Made by `pushSession()` of pushrail. */
      pushSession: RequestSession;
    }
  }
}
