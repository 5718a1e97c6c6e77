import { ValidationError } from '../core/errors.js';
import { type UserId, userIdText } from '../core/names.js';

/** A user in `send({ users })`: an id, or an object with an `id`. */
export type PushUser = UserId | { readonly id: UserId };

/** A session: one open page or app. */
export interface PushSession {
  /** The channel of this session alone. */
  readonly channelId: string;
  /** The id of the session's user; undefined when it is unknown. */
  readonly userId?: string | undefined;
}

/** A session in a {@link SessionStore}. */
export interface StoredSession extends PushSession {
  /** When the session ends, in milliseconds since the epoch; Infinity when it has no end. */
  readonly expiresAt: number;
}

/**
 * Finds the channels that reach a user.
 *
 * @typeParam User the users that the application passes to `send({ users })`
 * @example
 * const sessions: SessionAdapter = {
 *   async channelsFor(users) {
 *     const channels = await db.channelsOf(users.map(identifyUser)); // a Map, from one query
 *     return users.map((user) => channels.get(identifyUser(user)) ?? []);
 *   },
 * };
 */
export interface SessionAdapter<User = PushUser> {
  /**
   * Returns a list of channel ids for each user, in the order of the users. The list of a user without a live session
   * is empty. MUST take one round trip, however many users there are.
   * @throws ValidationError for a user without an id
   */
  channelsFor(users: readonly User[]): Promise<ReadonlyArray<readonly string[]>>;
  /** Returns the id of a user. @default identifyUser */
  identify?: Identify<User> | undefined;
  /**
   * Returns the user of an id, as `channelsFor` takes it. A recorded message keeps its users by their ids, and looks
   * them up when it is sent, perhaps in another process. An adapter needs it whose `channelsFor` does not take ids.
   * @returns a `User`, or a promise of one @default the id
   */
  recall?(id: string): unknown;
  /**
   * Tells why no user at all can be reached yet, and what to do about it. `send` logs it once, when it reached nobody.
   * @returns undefined when users can be reached
   */
  advice?(): string | undefined;
  /**
   * Returns an adapter whose channels have names that a backend takes, as far as that is possible. Called once, when a
   * service is configured. For adapters that make names of ids.
   * @default the adapter itself
   */
  namedFor?(takes: (channel: string) => boolean): SessionAdapter<User>;
}

/** Options of {@link SessionStore.add}. */
export interface AddSessionOptions {
  /** How long the session lives, in milliseconds; above 0. */
  ttl?: number | undefined;
  /**
   * Whether a removal of the last minute stands. Say so to renew a session that was read earlier: a log-out may have
   * removed it since. @default false
   */
  unlessRemoved?: boolean | undefined;
}

/** A session adapter that stores sessions. */
export interface SessionStore<User = PushUser> extends SessionAdapter<User> {
  /**
   * Adds a session to a user, or renews it. With `unlessRemoved` it MUST NOT bring back what `remove` has ended in the
   * last minute, in any process. It MUST add a session that the store merely does not have: a restart may have lost it.
   * Without `unlessRemoved` it MUST add the session in any case.
   * @param channelId the session's channel. @default a new one that nobody can guess
   * @returns the session; its `expiresAt` is 0 when it stays removed
   * @throws ValidationError for an empty channel id or a wrong `ttl`
   */
  add(user: User, channelId?: string, options?: AddSessionOptions): Promise<StoredSession>;
  /**
   * Ends one session of a user; without a channel id, all of them, also those that the store has lost. The store MUST
   * remember it for a minute, for `add` with `unlessRemoved`.
   */
  remove(user: User, channelId?: string): Promise<void>;
  /** Renews the lifetime of a session. @returns false when the session does not exist or has ended */
  touch(user: User, channelId: string, options?: { ttl?: number | undefined }): Promise<boolean>;
}

/** Whether a session adapter stores sessions. */
export function isSessionStore<User>(sessions: SessionAdapter<User>): sessions is SessionStore<User> {
  return ['add', 'remove', 'touch'].every((method) => typeof Reflect.get(sessions, method) === 'function');
}

/** Returns the id of a user as text, so that `42` and `'42'` are the same user. */
export type Identify<User> = (user: User) => string;

/**
 * Returns the id of a user: a text or number itself, or the `id` of an object. It is the default of `identify`.
 * @throws ValidationError for a user without an id
 */
export function identifyUser(user: unknown): string {
  const id: unknown = typeof user === 'object' && user !== null && 'id' in user ? user.id : user;
  const text = userIdText(id);
  if (text !== undefined) return text;
  if (isAnonymous(user)) {
    throw new ValidationError(
      'The user is not logged in, so there is no id to find channels by: send to the channel of the session, { channels: session.channelId }.',
    );
  }
  throw new ValidationError(
    `A user must be an id (a string or a number) or an object with an "id", not ${describe(user)}. For other users, give the session adapter the option "identify".`,
  );
}

/**
 * Whether a value is what frameworks put in the place of a user when nobody is logged in: an object without an id that
 * says so, such as `{ isAuthenticated: false }`.
 */
export function isAnonymous(user: unknown): boolean {
  if (typeof user !== 'object' || user === null) return false;
  if ('id' in user && userIdText(user.id) !== undefined) return false;
  const says = (name: string, value: boolean): boolean => Reflect.get(user, name) === value;
  return (
    says('isAuthenticated', false) ||
    says('is_authenticated', false) ||
    says('isAnonymous', true) ||
    says('is_anonymous', true) ||
    user.constructor?.name === 'AnonymousUser'
  );
}

function describe(user: unknown): string {
  if (user === null) return 'null';
  if (typeof user === 'string') return 'an empty string';
  if (typeof user === 'number') return String(user);
  if (typeof user !== 'object') return `a value of type ${typeof user}`;
  if ('id' in user) return 'an object whose "id" is neither';
  const other = ['user_id', 'userId', 'pk', '_id'].find((name) => name in user);
  return other === undefined ? 'an object without "id"' : `an object with "${other}" in place of "id"`;
}
