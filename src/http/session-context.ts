import { checkTimeout } from '../core/durations.js';
import { guarded, type Logger } from '../core/logger.js';
import { Places } from '../core/places.js';
import { RepeatedLines } from '../core/repeated-lines.js';
import { PushService } from '../service/default-service.js';
import type { PushUser, SessionAdapter } from '../sessions/adapter.js';
import { checkedTtl } from '../sessions/session-data.js';
import { NewChannels } from './new-channels.js';
import { checkOptionNames } from './options.js';

/** Default deadline of the session adapter within a request, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 1000;

/** Most renewals that wait for the session adapter at the same time. */
const MAX_RENEWALS = 1000;

/** The options that `pushSession()` has in every web framework. */
export interface SessionChannelOptions<User = PushUser> {
  /** The push service whose messages the pages receive. @default PushService */
  service?: PushService | undefined;
  /** The session adapter that stores users' sessions. @default the session adapter of the service */
  sessions?: SessionAdapter<User> | undefined;
  /**
   * How long a session stays bound to its user after the last request, in milliseconds; above 0.
   * @default the `maxAge` of the cookie of express-session or @fastify/session; 24 hours when it has none, and with
   * other session libraries
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

/** The settings of `pushSession()`, which all requests share. */
export interface SessionContext {
  readonly service: PushService;
  readonly sessions: SessionAdapter<unknown>;
  readonly ttl: number | undefined;
  readonly timeout: number;
  readonly logger: Logger;
  readonly newChannels: NewChannels;
  /** The renewals that wait for the session adapter. */
  readonly renewals: Places;
}

/**
 * Checks the options of `pushSession()` in one of its forms.
 * @param caller the name of the form, for errors
 * @returns a function that makes the context of a request. It throws when the service cannot be configured
 * @throws ConfigurationError for an unknown option, or a `user` that is no function
 * @throws ValidationError for a wrong `ttl` or `timeout`
 */
export function sessionContexts<User>(caller: string, options: SessionChannelOptions<User>): () => SessionContext {
  checkOptionNames(caller, options, ['user'], ['service', 'sessions', 'ttl', 'timeout', 'logger']);
  const { service = PushService, sessions, ttl, timeout = DEFAULT_TIMEOUT_MS } = options;
  if (ttl !== undefined) checkedTtl(ttl);
  checkTimeout(timeout);
  const newChannels = new NewChannels();
  const renewals = new Places(MAX_RENEWALS);
  const repeatedLines = new RepeatedLines();
  return () => {
    const logger = repeatedLines.on(guarded(options.logger ?? service.logger));
    const adapter = (sessions ?? service.sessions) as SessionAdapter<unknown>;
    return { service, sessions: adapter, ttl, timeout, logger, newChannels, renewals };
  };
}
