import { ConfigurationError } from '../core/errors.js';
import type { PushUser } from '../sessions/adapter.js';
import type { RequestSession } from './request.js';
import { type ResponseLike, takeSteps } from './response-steps.js';
import { type SessionChannelOptions, sessionContexts } from './session-context.js';
import { type SessionAccess, SessionOfRequest } from './session-of-request.js';

/** Options of {@link pushSession}. */
export interface PushSessionOptions<User = PushUser> extends SessionChannelOptions<User> {
  /** Returns the user who is logged in; null or undefined for nobody. @default request.user */
  user?(request: Express.Request): User | null | undefined;
}

/** Middleware for Express and Connect. */
export type SessionMiddleware = (request: object, response: ResponseLike, next: (error?: unknown) => void) => void;

/**
 * Middleware that gives each session a channel of its own. A log-in gives the session a new one, which is bound to the
 * user; a log-out unbinds it.
 * Use it after the session middleware (`express-session`, `cookie-session`) and after the middleware that sets the
 * user: when a request ends without a user, its session counts as logged out.
 * @throws ConfigurationError for an unknown option, or a `user` that is no function
 * @throws ValidationError for a wrong `ttl` or `timeout`
 * @example
 * app.use(session({ secret, resave: false, saveUninitialized: false }));
 * app.use(pushSession({ user: (request) => request.session.userId }));
 */
export function pushSession<User = PushUser>(options: PushSessionOptions<User> = {}): SessionMiddleware {
  const contextOfRequest = sessionContexts('pushSession()', options);
  const userOf = (request: object): unknown =>
    options.user === undefined ? Reflect.get(request, 'user') : options.user(request as Express.Request);

  return (request, response, next) => {
    const push = request as { pushSession?: RequestSession };
    if (push.pushSession !== undefined) return next();
    let session: SessionOfRequest;
    try {
      const access: SessionAccess = {
        session: () => sessionAt(request),
        user: () => userOf(request),
        // Only sessions of express-session have one.
        idOf: (given) => Reflect.get(given, 'id'),
        hasBegun: () => response.headersSent,
      };
      if (access.session() === undefined) {
        throw new ConfigurationError(
          'pushSession() found no request.session: use it after express-session or cookie-session.',
        );
      }
      session = new SessionOfRequest(access, contextOfRequest());
      session.begin();
    } catch (error) {
      return next(error);
    }
    push.pushSession = session;
    takeSteps(response, {
      beforeHead: () => void session.settle(),
      beforeEnd: () => session.settle(),
      afterLoss: () => void session.settle(true),
      afterClose: () => session.disconnectFormer(),
    });
    next();
  };
}

/** The application's own session in a request of a framework. */
export function sessionAt(request: object): object | undefined {
  const session: unknown = Reflect.get(request, 'session');
  return typeof session === 'object' && session !== null ? session : undefined;
}
