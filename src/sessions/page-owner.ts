import { askInTime } from '../core/ask-in-time.js';
import { ValidationError } from '../core/errors.js';
import type { PushSession, PushUser, SessionAdapter } from './adapter.js';
import { sessionUserId, userIdOf } from './user-id.js';

/**
 * The owner of a page: a user, whose page hears every session of that user, or one session, whose page hears its own
 * channel.
 *
 * @typeParam User the users that the session adapter takes
 */
export type PageOwner<User = PushUser> =
  | { readonly user: User; readonly session?: undefined }
  | { readonly session: PushSession; readonly user?: undefined };

/** The channels that reach a page, and the id of its user. */
export interface PageAddress {
  readonly channels: readonly string[];
  readonly userId?: string;
}

/**
 * Looks up the channels of a page's owner.
 * @param owner the owner; undefined for a page without channels
 * @param needsId whether the page of an unknown visitor needs a user id too
 * @param timeout how long the session adapter has, in milliseconds
 * @throws TimeoutError when it does not answer
 * @throws ValidationError for anything that is not a {@link PageOwner}, and for a user without an id
 */
export async function pageAddress(
  owner: PageOwner<unknown> | undefined,
  sessions: SessionAdapter<never>,
  needsId: boolean,
  timeout: number,
): Promise<PageAddress> {
  if (owner === undefined) return { channels: [] };
  checkOwner(owner, 'clientConfig()');
  const { session, user } = owner;
  if (session !== undefined) {
    const userId = needsId ? sessionUserId(session) : session.userId;
    return { channels: [session.channelId], ...(userId !== undefined && { userId }) };
  }
  const userId = userIdOf(user, sessions);
  const ask = async () => (sessions as SessionAdapter<unknown>).channelsFor([user]);
  const [channels] = await askInTime(sessions, ask, timeout, {
    missing: 'The session adapter did not answer',
    consequence: 'no configuration was made, and nothing was sent',
  });
  return { channels: channels ?? [], userId };
}

/** Whether a value is a session: an object with a text `channelId`. */
export function isSession(value: unknown): value is PushSession {
  if (typeof value !== 'object' || value === null || !('channelId' in value)) return false;
  return typeof value.channelId === 'string' && value.channelId !== '';
}

/**
 * @param caller the function that got it, such as `clientConfig()`
 * @throws ValidationError for anything that is not a {@link PageOwner}
 */
export function checkOwner(owner: unknown, caller: string): asserts owner is PageOwner<unknown> {
  const problem = problemOf(owner);
  if (problem === undefined) return;
  const [name] = caller.split('(');
  throw new ValidationError(`${caller} got ${problem}. Write ${name}({ user }) or ${name}({ session }).`);
}

function problemOf(owner: unknown): string | undefined {
  if (owner === null) return 'null';
  if (owner === undefined) return 'nothing';
  if (typeof owner !== 'object') return `a value of type ${typeof owner}`;
  const unknown = Object.keys(owner).find((key) => key !== 'user' && key !== 'session');
  if (unknown !== undefined) return `the unknown key "${unknown}"`;
  const { user, session } = owner as { user?: unknown; session?: unknown };
  if (user !== undefined && session !== undefined) return 'both a "user" and a "session"';
  if (user !== undefined) return user === null ? 'a "user" that is null' : undefined;
  if (session === null) return 'a "session" that is null';
  if (session === undefined) return absence(owner);
  return isSession(session) ? undefined : 'a "session" without a "channelId"';
}

/** The problem of an owner without a value. */
function absence(owner: object): string {
  const [key] = Object.keys(owner);
  return key === undefined ? 'neither a "user" nor a "session"' : `a "${key}" that is undefined`;
}
