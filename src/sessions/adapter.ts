import { ValidationError } from '../core/errors.js';

/** A user as `send` takes it: an id, or an object with one. */
export type PushUser = string | number | bigint | { readonly id: string | number | bigint };

/** One of a user's sessions: a page or an app that is open. */
export interface PushSession {
  /** The channel that reaches this session and no other. */
  readonly channelId: string;
  /** The id of the user whose session it is, where that is known. */
  readonly userId?: string | undefined;
}

/** A session that a {@link SessionStore} keeps. */
export interface StoredSession extends PushSession {
  /** When the session ends, in milliseconds since the epoch; Infinity when it has no end of its own. */
  readonly expiresAt: number;
}

/**
 * Tells which channels reach a user.
 *
 * @typeParam User what the application hands to `send({ users })`
 */
export interface SessionAdapter<User = PushUser> {
  /**
   * The live channel ids of each user, in the order given; a user without a live session has none. MUST be one
   * round trip for all of them, however many.
   * @throws ValidationError for a user that it cannot identify
   */
  channelsFor(users: readonly User[]): Promise<ReadonlyArray<readonly string[]>>;
  /** A user's id, where clients are known by it. @default identifyUser */
  identify?: Identify<User> | undefined;
}

/** A session adapter that is told of sessions. */
export interface SessionStore<User = PushUser> extends SessionAdapter<User> {
  /**
   * Adds a session to a user, or renews it.
   * @param channelId the channel that reaches the session. @default an unguessable new one
   * @param options `ttl`: how long it lives, in milliseconds
   * @throws ValidationError when the channel id is empty or the ttl is not above 0
   */
  add(user: User, channelId?: string, options?: { ttl?: number | undefined }): Promise<StoredSession>;
  /** Ends one session of a user, or all of them when no channel id is given. */
  remove(user: User, channelId?: string): Promise<void>;
  /** Starts the session's time to live anew; false when there is no such live session. */
  touch(user: User, channelId: string, options?: { ttl?: number | undefined }): Promise<boolean>;
}

/** Whether a session adapter can be told of sessions. */
export function isSessionStore<User>(sessions: SessionAdapter<User>): sessions is SessionStore<User> {
  return ['add', 'remove', 'touch'].every((method) => typeof Reflect.get(sessions, method) === 'function');
}

/** A user's id as text, so that `42` and `'42'` are the same user. */
export type Identify<User> = (user: User) => string;

/**
 * The default `identify`: a string or number stands for itself, an object for its `id`.
 * @throws ValidationError when there is no id
 */
export function identifyUser(user: unknown): string {
  const id: unknown = typeof user === 'object' && user !== null && 'id' in user ? user.id : user;
  if (typeof id === 'string' && id !== '') return id;
  if (typeof id === 'bigint' || (typeof id === 'number' && Number.isFinite(id))) return String(id);
  throw new ValidationError(
    `A user must be an id (a string or a number) or an object with an "id", not ${describe(user)}. For other users pass "identify" to the session adapter.`,
  );
}

function describe(user: unknown): string {
  if (user === null) return 'null';
  if (typeof user === 'string') return 'an empty string';
  if (typeof user === 'number') return String(user);
  if (typeof user !== 'object') return `a value of type ${typeof user}`;
  return 'id' in user ? 'an object whose "id" is no such value' : 'an object without "id"';
}
