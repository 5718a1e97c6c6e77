import { ConfigurationError, PushError } from '../core/errors.js';
import { checkName } from '../core/names.js';
import { isAnonymous, isSessionStore, type PushSession } from '../sessions/adapter.js';
import {
  DEFAULT_TTL_MS,
  newChannelId,
  readPushSession,
  SESSION_CHANNEL_PREFIX,
  writePushSession,
} from '../sessions/session-data.js';
import { userIdOf } from '../sessions/user-id.js';
import type { ClientConfig } from '../wire/client-config.js';
import type { RequestSession } from './request.js';
import { SessionBinding } from './session-binding.js';
import type { SessionContext } from './session-context.js';

/**
 * How one request reaches what the application keeps for its visitor. This is all that differs from one web framework
 * to another. What it returns may change while the request is handled.
 */
export interface SessionAccess {
  /**
   * The application's own session: an object whose key `pushSession` can be read and written. Undefined when there is
   * none, and when the application has destroyed it.
   */
  session(): object | undefined;
  /** The user who is logged in; null or undefined for nobody. */
  user(): unknown;
  /** The id of a session, which another session does not have; undefined when sessions have no ids. */
  idOf(session: object): unknown;
  /** Whether the response has begun, so that the cookie of a new session cannot be sent any more. */
  hasBegun(): boolean;
}

/** The user who is logged in. */
interface KnownUser {
  readonly user: unknown;
  readonly userId: string;
}

/**
 * The session of one request. The application may at any time log a user in or out, replace the session or destroy it.
 * `settle` then updates both the data in the session and the binding to its user.
 */
export class SessionOfRequest implements RequestSession {
  readonly #access: SessionAccess;
  readonly #context: SessionContext;
  readonly #binding: SessionBinding | undefined;
  /**
   * Whether the adapter knows sessions. An adapter such as `userChannels` knows users alone, and its sessions need no
   * channel.
   */
  readonly #adapterKnowsSessions: boolean;
  readonly #channelPrefix: string;
  readonly #sessionBefore: object | undefined;
  readonly #channelBefore: string | undefined;
  /** The channel when the session was last settled. */
  #channelNow: string | undefined;
  /** The user at the beginning of the request. */
  readonly #userBefore: unknown;

  /** @throws whatever `user` throws */
  constructor(access: SessionAccess, context: SessionContext) {
    this.#access = access;
    this.#context = context;
    this.#sessionBefore = this.#session;
    this.#userBefore = access.user();
    const { sessions, service } = context;
    this.#channelPrefix = `${service.backend.capabilities.authorize ? 'private-' : ''}${SESSION_CHANNEL_PREFIX}`;
    this.#adapterKnowsSessions =
      isSessionStore(sessions) || ('readsSessions' in sessions && sessions.readsSessions === true);
    const pushSession = this.#session && readPushSession(this.#session);
    this.#channelBefore = pushSession?.channelId;
    this.#channelNow = this.#channelBefore;
    if (isSessionStore(sessions)) {
      const bound =
        pushSession?.userId === undefined
          ? undefined
          : { session: pushSession, user: pushSession.userId, ttl: this.#ttl };
      this.#binding = new SessionBinding({ ...context, store: sessions }, bound);
    }
  }

  get channelId(): string | undefined {
    return this.#pushSession?.channelId;
  }

  get userId(): string | undefined {
    return this.#pushSession?.userId;
  }

  get user(): unknown {
    return this.#knownUser?.user;
  }

  async clientConfig(): Promise<ClientConfig> {
    const { service } = this.#context;
    if (!this.#adapterKnowsSessions) {
      const user = this.#knownUser;
      return user === undefined ? service.clientConfig() : service.clientConfig({ user: user.user });
    }
    if (this.#session === undefined) {
      throw new ConfigurationError('clientConfig() found no session: the application has destroyed it.');
    }
    if (this.#access.hasBegun() && this.channelId === undefined) {
      throw new ConfigurationError(
        'clientConfig() was called after the response had begun, too late for the cookie of a new session: call it earlier.',
      );
    }
    const session = this.#settle({ isWanted: true });
    await this.#binding?.stored();
    return service.clientConfig(session && { session });
  }

  /** Binds the session when the request begins with a known user. @throws whatever `user` throws */
  begin(): void {
    if (this.#knownUser !== undefined) this.#settle();
  }

  /**
   * Updates the session after the application has changed it. Failures are logged.
   * @returns what the response must wait for
   */
  settle(isLost = false): Promise<void> | undefined {
    try {
      this.#settle({ isLost });
    } catch (error) {
      this.#context.logger.error({ err: error }, 'the session of a request could not be bound to its user');
    }
    return this.#binding?.pending;
  }

  /**
   * @param isWanted whether the session of a visitor gets a channel too
   * @param isLost whether the application can no longer save its session
   */
  #settle({ isWanted = false, isLost = false } = {}): PushSession | undefined {
    if (!this.#adapterKnowsSessions) return undefined;
    const known = this.#knownUser;
    const session = this.#session;
    const before = session && readPushSession(session);
    let pushSession = session && this.#validSession(known, session);
    if (session !== undefined && pushSession === undefined && (known !== undefined || isWanted) && !isLost)
      pushSession = this.#newSession(session, known?.userId, before?.channelId);
    if (pushSession !== undefined && known !== undefined) pushSession = { ...pushSession, userId: known.userId };
    if (session !== undefined && !isSame(before, pushSession)) writePushSession(session, pushSession);
    if (session !== undefined && before !== undefined && pushSession === undefined)
      this.#context.newChannels.forget(this.#access.idOf(session));
    this.#channelNow = pushSession?.channelId;
    this.#binding?.replace(pushSession && known && { session: pushSession, user: known.user, ttl: this.#ttl });
    return pushSession;
  }

  /**
   * Ends what is heard on the channel that the session had at the beginning of the request, unless it still has it:
   * somebody has logged in or out. Call it when the response has ended: the pages connect anew at once and ask anew,
   * and only then is the session saved.
   */
  disconnectFormer(): void {
    const channelId = this.#channelBefore;
    if (channelId === undefined || channelId === this.#channelNow) return;
    const { service, logger } = this.#context;
    service.disconnect({ session: { channelId } }).catch((error: unknown) => {
      if (PushError.isPushError(error) && error.code === 'UNSUPPORTED_OPERATION') return;
      logger.error({ err: error }, 'the connections of a session could not be ended, and go on receiving');
    });
  }

  get #pushSession(): PushSession | undefined {
    return this.#session && this.#validSession(this.#knownUser, this.#session);
  }

  /**
   * The channel and user in the session, if they are still right. They are wrong when somebody has logged in or out
   * since, or when they were copied from the session before: whoever saw the session then may listen on its channel.
   */
  #validSession(known: KnownUser | undefined, session: object): PushSession | undefined {
    const pushSession = readPushSession(session);
    if (pushSession === undefined || !pushSession.channelId.startsWith(this.#channelPrefix)) return undefined;
    if (pushSession.userId !== known?.userId) return undefined;
    const { idOf } = this.#access;
    const isNew = idOf(session) !== (this.#sessionBefore && idOf(this.#sessionBefore));
    return isNew && pushSession.channelId === this.#channelBefore ? undefined : pushSession;
  }

  #newSession(session: object, userId: string | undefined, givenUp: string | undefined): PushSession {
    const { service, newChannels } = this.#context;
    const { backend } = service;
    const channelId = newChannels.channelFor(
      this.#access.idOf(session),
      userId,
      givenUp,
      () => this.#channelPrefix + newChannelId(),
    );
    checkName(channelId, 'channel', backend.capabilities.channelName, backend.name);
    return { channelId };
  }

  get #knownUser(): KnownUser | undefined {
    // A destroyed session has no user, and `user` may fail when it reads one.
    const session = this.#session;
    if (session === undefined) return undefined;
    const user = this.#access.user();
    if (user === undefined || user === null || isAnonymous(user)) return undefined;
    // An application that logs a user out with a new or an emptied session may leave request.user unchanged. So the
    // user of the session before does not count for the new one; the next request tells.
    if (user === this.#userBefore && (!this.#isSessionBefore(session) || this.#isEmptied(session))) return undefined;
    return { user, userId: userIdOf(user, this.#context.sessions) };
  }

  /** Whether a session is the one at the beginning. One that is loaded again is another object with the same id. */
  #isSessionBefore(session: object): boolean {
    const before = this.#sessionBefore;
    if (before === undefined || before === session) return before === session;
    const id = this.#access.idOf(session);
    return id !== undefined && id === this.#access.idOf(before);
  }

  /** Whether the application has deleted all that was in a session, also what we had written. */
  #isEmptied(session: object): boolean {
    return this.#channelBefore !== undefined && readPushSession(session) === undefined;
  }

  get #session(): object | undefined {
    return this.#access.session();
  }

  /** Lifetime of the session from now on, in milliseconds. */
  get #ttl(): number {
    return this.#context.ttl ?? (this.#session && lifetimeOf(this.#session)) ?? DEFAULT_TTL_MS;
  }
}

/**
 * The lifetime that express-session and @fastify/session give their cookies, which starts again with each request, in
 * milliseconds.
 */
function lifetimeOf(session: object): number | undefined {
  const cookie: unknown = Reflect.get(session, 'cookie');
  if (typeof cookie !== 'object' || cookie === null) return undefined;
  const maxAge: unknown = Reflect.get(cookie, 'originalMaxAge');
  return typeof maxAge === 'number' && maxAge > 0 ? maxAge : undefined;
}

function isSame(one: PushSession | undefined, other: PushSession | undefined): boolean {
  return one?.channelId === other?.channelId && one?.userId === other?.userId;
}
