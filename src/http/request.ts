import { ConfigurationError } from '../core/errors.js';
import type { ClientConfig } from '../wire/client-config.js';

/**
 * A request of `node:http`, with the properties that middleware adds. Where the types of Express know a property, such
 * as the `session` of `@types/express-session`, it has that type.
 */
export type NodeRequest = NodeRequestParts &
  Omit<Express.Request, keyof NodeRequestParts> & { readonly [property: string]: unknown };

/** The parts of a request of `node:http` that the push handler reads itself. */
export interface NodeRequestParts {
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
}

/** Where a request comes from: the second argument of a push handler. All of it may be left out. */
export interface PushRequestOrigin {
  /** The Node request behind the web `Request`. `toNodeHandler` passes it. */
  readonly node?: NodeRequestParts | undefined;
  /**
   * The push session of the request, of `webPushSession()` and the like.
   * @default that of `pushSession()` on the Node request
   */
  readonly pushSession?: RequestSession | undefined;
}

/** What the functions of `createPushHandler`, such as `authenticate`, get beside the request. */
export interface PushRequestContext {
  /**
   * The Node request behind the web `Request`, with the properties that middleware added, such as `context.node.user`.
   * @throws ConfigurationError when the handler was called without one: it is there with `toNodeHandler`
   */
  readonly node: NodeRequest;
  /** The push session of the request; undefined when nothing like `pushSession()` made one. */
  readonly pushSession: RequestSession | undefined;
}

/** Makes the context for the application's functions. */
export function contextOf({ node, pushSession = node?.pushSession }: PushRequestOrigin): PushRequestContext {
  return {
    get node() {
      if (node !== undefined) return node as NodeRequest;
      throw new ConfigurationError(
        'There is no "node": the push handler was called with a web Request alone. Wrap the handler in toNodeHandler(), or read the first argument, the Request.',
      );
    },
    pushSession,
  };
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
  /** The user who is logged in, as the option `user` tells; undefined for nobody. */
  readonly user: unknown;
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
