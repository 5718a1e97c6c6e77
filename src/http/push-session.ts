import { checkTimeout } from '../core/durations.js';
import { ConfigurationError } from '../core/errors.js';
import { guarded, type Logger } from '../core/logger.js';
import { PushService } from '../service/push-service.js';
import type { PushUser, SessionAdapter } from '../sessions/adapter.js';
import { checkedTtl } from '../sessions/kept.js';
import { NewChannels } from './new-channels.js';
import { checkOptionNames } from './options.js';
import type { RequestSession } from './request.js';
import { type ResponseLike, takeSteps } from './response-steps.js';
import { SessionOfRequest, sessionOf } from './session-of-request.js';

/** How long a request waits for the session adapter, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 1000;

/** Options of {@link pushSession}. */
export interface PushSessionOptions<User = PushUser> {
  /** Whose messages the pages receive. @default PushService */
  service?: PushService | undefined;
  /** Where the sessions of users are kept. @default those of the service */
  sessions?: SessionAdapter<User> | undefined;
  /** Who is logged in; null or undefined for nobody. @default request.user */
  user?(request: Express.Request): User | null | undefined;
  /**
   * How long a session stays tied to its user without a further request, in milliseconds. @default the `maxAge` of express-session's
   * cookie, or 24 hours for one that ends with the browser and for other sessions
   */
  ttl?: number | undefined;
  /** How long a request waits for the session adapter, in milliseconds; it goes on without it then. @default 1 000 */
  timeout?: number | undefined;
  /** Where failures of the session adapter are logged. @default where the service logs */
  logger?: Logger | undefined;
}

/** Middleware of Connect and Express. */
export type SessionMiddleware = (request: object, response: ResponseLike, next: (error?: unknown) => void) => void;

/**
 * Middleware that gives each session a channel of its own, ties it to the user at log-in and unties it at log-out. Put it behind the
 * session (`express-session`, `cookie-session`) and behind what finds the user: a request that ends without a user is one of somebody who is
 * logged out.
 * @throws ConfigurationError for an option that is unknown, or a `user` that is no function; ValidationError for a `ttl` that is no number
 * above 0, or a `timeout` that no timer takes
 */
export function pushSession<User = PushUser>(options: PushSessionOptions<User> = {}): SessionMiddleware {
  checkOptionNames('pushSession()', options, ['user'], ['service', 'sessions', 'ttl', 'timeout', 'logger']);
  const { service = PushService, sessions, ttl, timeout = DEFAULT_TIMEOUT_MS } = options;
  if (ttl !== undefined) checkedTtl(ttl);
  checkTimeout(timeout);
  const newChannels = new NewChannels();
  const userOf = (request: object): unknown =>
    options.user === undefined ? Reflect.get(request, 'user') : options.user(request as Express.Request);

  return (request, response, next) => {
    const push = request as { pushSession?: RequestSession };
    if (push.pushSession !== undefined) return next();
    let session: SessionOfRequest;
    try {
      if (sessionOf(request) === undefined) {
        throw new ConfigurationError(
          'pushSession() found no request.session: put it behind express-session or cookie-session.',
        );
      }
      const logger = guarded(options.logger ?? service.logger);
      const adapter = (sessions ?? service.sessions) as SessionAdapter<unknown>;
      const context = { service, sessions: adapter, userOf, ttl, timeout, logger, newChannels };
      session = new SessionOfRequest(request, response, context);
      session.begin();
    } catch (error) {
      return next(error);
    }
    push.pushSession = session;
    takeSteps(response, {
      beforeHead: () => void session.settle(),
      beforeEnd: () => session.settle(),
      afterLoss: () => void session.settle(true),
    });
    next();
  };
}
