import { ConfigurationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { checkName } from '../core/names.js';
import type { PushService } from '../service/push-service.js';
import { isSessionStore, type PushSession, type SessionAdapter } from '../sessions/adapter.js';
import { DEFAULT_TTL_MS, keepIn, keptIn, newChannelId } from '../sessions/kept.js';
import { userIdOf } from '../sessions/user-id.js';
import type { ClientConfig } from '../wire/client-config.js';
import type { NewChannels } from './new-channels.js';
import type { RequestSession } from './request.js';
import { SessionTies } from './session-ties.js';

/** What `pushSession()` was told. */
export interface SessionContext {
  readonly service: PushService;
  readonly sessions: SessionAdapter<unknown>;
  readonly userOf: (request: object) => unknown;
  readonly ttl: number | undefined;
  readonly timeout: number;
  readonly logger: Logger;
  readonly newChannels: NewChannels;
}

/** Who is logged in. */
interface KnownUser {
  readonly user: unknown;
  readonly userId: string;
}

/**
 * The session of one request. At any time the application may log somebody in or out, or have its session made anew or ended; `settle`
 * brings what is kept in the session, and the ties, in line with what holds then.
 */
export class SessionOfRequest implements RequestSession {
  readonly #request: object;
  readonly #response: { readonly headersSent: boolean };
  readonly #context: SessionContext;
  readonly #ties: SessionTies | undefined;
  /** Whether the adapter goes by sessions at all; one that goes by users alone needs no channel of a session. */
  readonly #goesBySessions: boolean;
  readonly #channelPrefix: string;
  readonly #sessionBefore: object | undefined;
  readonly #channelBefore: string | undefined;
  /** As `user` told when the request came in. */
  readonly #userBefore: unknown;

  /** @throws whatever `user` throws */
  constructor(request: object, response: { readonly headersSent: boolean }, context: SessionContext) {
    this.#request = request;
    this.#response = response;
    this.#context = context;
    this.#sessionBefore = this.#session;
    this.#userBefore = context.userOf(request);
    const { sessions, service } = context;
    this.#channelPrefix = service.backend.capabilities.authorize ? 'private-session-' : 'session-';
    this.#goesBySessions = isSessionStore(sessions) || ('readsSessions' in sessions && sessions.readsSessions === true);
    const kept = this.#session && keptIn(this.#session);
    this.#channelBefore = kept?.channelId;
    if (isSessionStore(sessions)) {
      const held = kept?.userId === undefined ? undefined : { session: kept, user: kept.userId, ttl: this.#ttl };
      this.#ties = new SessionTies({ ...context, store: sessions }, held);
    }
  }

  get channelId(): string | undefined {
    return this.#kept?.channelId;
  }

  get userId(): string | undefined {
    return this.#kept?.userId;
  }

  async clientConfig(): Promise<ClientConfig> {
    const { service } = this.#context;
    if (!this.#goesBySessions) {
      const user = this.#knownUser;
      return user === undefined ? service.clientConfig() : service.clientConfig({ user: user.user });
    }
    if (this.#session === undefined) {
      throw new ConfigurationError('clientConfig() found no request.session: it has been destroyed.');
    }
    if (this.#response.headersSent && this.channelId === undefined) {
      throw new ConfigurationError(
        'clientConfig() was called after the response had begun, too late for the cookie of a new session: call it before.',
      );
    }
    const session = this.#settle({ isWanted: true });
    await this.#ties?.made();
    return service.clientConfig(session && { session });
  }

  /** Ties the session where the user is known by now; the user may become known later, though. @throws whatever `user` throws */
  begin(): void {
    if (this.#knownUser !== undefined) this.#settle();
  }

  /** Takes what the application did into account; failures are logged. @returns what the response has to wait for */
  settle(isLost = false): Promise<void> | undefined {
    try {
      this.#settle({ isLost });
    } catch (error) {
      this.#context.logger.error({ err: error }, 'the session of a request could not be tied to its user');
    }
    return this.#ties?.pending;
  }

  /**
   * @param isWanted whether a session of nobody gets a channel, too
   * @param isLost whether the application's session will not be saved any more
   */
  #settle({ isWanted = false, isLost = false } = {}): PushSession | undefined {
    if (!this.#goesBySessions) return undefined;
    const known = this.#knownUser;
    const session = this.#session;
    const before = session && keptIn(session);
    let kept = session && this.#keptFor(known, session);
    if (session !== undefined && kept === undefined && (known !== undefined || isWanted) && !isLost)
      kept = this.#newSession(session, known?.userId, before?.channelId);
    if (kept !== undefined && known !== undefined) kept = { ...kept, userId: known.userId };
    if (session !== undefined && !isSame(before, kept)) keepIn(session, kept);
    if (session !== undefined && before !== undefined && kept === undefined)
      this.#context.newChannels.forget(idOf(session));
    this.#ties?.hold(kept && known && { session: kept, user: known.user, ttl: this.#ttl });
    return kept;
  }

  get #kept(): PushSession | undefined {
    return this.#session && this.#keptFor(this.#knownUser, this.#session);
  }

  /**
   * What the session keeps, unless it was for somebody else, or for the session before, whose data a new one was given: a page of theirs
   * may still be open, and listen.
   */
  #keptFor(known: KnownUser | undefined, session: object): PushSession | undefined {
    const kept = keptIn(session);
    if (kept === undefined || !kept.channelId.startsWith(this.#channelPrefix)) return undefined;
    if (kept.userId !== undefined && kept.userId !== known?.userId) return undefined;
    const isNew = idOf(session) !== (this.#sessionBefore && idOf(this.#sessionBefore));
    return isNew && kept.channelId === this.#channelBefore ? undefined : kept;
  }

  #newSession(session: object, userId: string | undefined, givenUp: string | undefined): PushSession {
    const { service, newChannels } = this.#context;
    const { backend } = service;
    const channelId = newChannels.channelFor(
      idOf(session),
      userId,
      givenUp,
      () => this.#channelPrefix + newChannelId(),
    );
    checkName(channelId, 'channel', backend.capabilities.channelName, backend.name);
    return { channelId };
  }

  get #knownUser(): KnownUser | undefined {
    const { userOf, sessions } = this.#context;
    // An ended session is nobody's, and `user` may well look into it.
    if (this.#session === undefined) return undefined;
    const user = userOf(this.#request);
    if (user === undefined || user === null) return undefined;
    // Who logs out by a new session may have left request.user as it was. So a user of the session before is none of the new one,
    // until the next request shows it.
    if (user === this.#userBefore && !isSameSession(this.#session, this.#sessionBefore)) return undefined;
    return { user, userId: userIdOf(user, sessions) };
  }

  get #session(): object | undefined {
    return sessionOf(this.#request);
  }

  /** How long the session will live from now on, in milliseconds. */
  get #ttl(): number {
    return this.#context.ttl ?? (this.#session && lifetimeOf(this.#session)) ?? DEFAULT_TTL_MS;
  }
}

/** The application's session of a request. */
export function sessionOf(request: object): object | undefined {
  const session: unknown = Reflect.get(request, 'session');
  return typeof session === 'object' && session !== null ? session : undefined;
}

/** Whether it is the one session, which may have been loaded anew. */
function isSameSession(one: object | undefined, other: object | undefined): boolean {
  if (one === undefined || other === undefined || one === other) return one === other;
  return idOf(one) !== undefined && idOf(one) === idOf(other);
}

/** Only express-session's have one. */
function idOf(session: object): unknown {
  return Reflect.get(session, 'id');
}

/** As express-session says it: its cookie begins anew with each request. */
function lifetimeOf(session: object): number | undefined {
  const cookie: unknown = Reflect.get(session, 'cookie');
  if (typeof cookie !== 'object' || cookie === null) return undefined;
  const maxAge: unknown = Reflect.get(cookie, 'originalMaxAge');
  return typeof maxAge === 'number' && maxAge > 0 ? maxAge : undefined;
}

function isSame(one: PushSession | undefined, other: PushSession | undefined): boolean {
  return one?.channelId === other?.channelId && one?.userId === other?.userId;
}
