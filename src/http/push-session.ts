import { checkTimeout } from '../core/durations.js';
import { ConfigurationError } from '../core/errors.js';
import { guarded, type Logger } from '../core/logger.js';
import { Places } from '../core/places.js';
import { RepeatedLines } from '../core/repeated-lines.js';
import { PushService } from '../service/default-service.js';
import type { PushUser, SessionAdapter } from '../sessions/adapter.js';
import { checkedTtl } from '../sessions/session-data.js';
import { NewChannels } from './new-channels.js';
import { checkOptionNames } from './options.js';
import type { RequestSession } from './request.js';
import { type ResponseLike, takeSteps } from './response-steps.js';
import { applicationSession, SessionOfRequest } from './session-of-request.js';

/** Default deadline of the session adapter within a request, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 1000;

/** Most renewals that wait for the session adapter at the same time. */
const MAX_RENEWALS = 1000;

/** Options of {@link pushSession}. */
export interface PushSessionOptions<User = PushUser> {
  /** The push service whose messages the pages receive. @default PushService */
  service?: PushService | undefined;
  /** The session adapter that stores users' sessions. @default the session adapter of the service */
  sessions?: SessionAdapter<User> | undefined;
  /** Returns the user who is logged in; null or undefined for nobody. @default request.user */
  user?(request: Express.Request): User | null | undefined;
  /**
   * How long a session stays bound to its user after the last request, in milliseconds; above 0.
   * @default the `maxAge` of express-session's cookie; 24 hours when it has none, and with other session middleware
   */
  ttl?: number | undefined;
  /**
   * How long a request waits for the session adapter, in milliseconds. After that it continues without it.
   * @default 1 000
   */
  timeout?: number | undefined;
  /** Logs failures of the session adapter. @default the logger of the service */
  logger?: Logger | undefined;
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
  checkOptionNames('pushSession()', options, ['user'], ['service', 'sessions', 'ttl', 'timeout', 'logger']);
  const { service = PushService, sessions, ttl, timeout = DEFAULT_TIMEOUT_MS } = options;
  if (ttl !== undefined) checkedTtl(ttl);
  checkTimeout(timeout);
  const newChannels = new NewChannels();
  const renewals = new Places(MAX_RENEWALS);
  const repeatedLines = new RepeatedLines();
  const userOf = (request: object): unknown =>
    options.user === undefined ? Reflect.get(request, 'user') : options.user(request as Express.Request);

  return (request, response, next) => {
    const push = request as { pushSession?: RequestSession };
    if (push.pushSession !== undefined) return next();
    let session: SessionOfRequest;
    try {
      if (applicationSession(request) === undefined) {
        throw new ConfigurationError(
          'pushSession() found no request.session: use it after express-session or cookie-session.',
        );
      }
      const logger = repeatedLines.on(guarded(options.logger ?? service.logger));
      const adapter = (sessions ?? service.sessions) as SessionAdapter<unknown>;
      const context = { service, sessions: adapter, userOf, ttl, timeout, logger, newChannels, renewals };
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
      afterClose: () => session.disconnectFormer(),
    });
    next();
  };
}
