import { createHash } from 'node:crypto';
import { identifyUser, type PushSession, type SessionAdapter } from './adapter.js';

/** 132 bits of a digest. */
const ANONYMOUS_ID_LENGTH = 22;

/** For whom a page is made: the channels that reach it, and the id of its user. */
export interface Audience {
  readonly channels: readonly string[];
  readonly userId?: string;
}

/**
 * Finds out who a page is for.
 * @param audience a session, whose one channel it is then; or a user, whose every session's channels they are
 * @param needsId whether a page whose user is not known needs an id all the same
 * @throws ValidationError for a user that cannot be identified
 */
export async function audienceOf(
  audience: unknown,
  sessions: SessionAdapter<never>,
  needsId: boolean,
): Promise<Audience> {
  if (audience === undefined) return { channels: [] };
  if (isSession(audience)) {
    const userId = needsId ? sessionUserId(audience) : audience.userId;
    return { channels: [audience.channelId], ...(userId !== undefined && { userId }) };
  }
  const userId = userIdOf(audience, sessions);
  const [channels] = await (sessions as SessionAdapter<unknown>).channelsFor([audience]);
  return { channels: channels ?? [], userId };
}

/** A user's id, as the session adapter tells it. @throws ValidationError when there is none */
export function userIdOf(user: unknown, { identify = identifyUser }: SessionAdapter<never>): string {
  return (identify as (user: unknown) => string)(user);
}

/**
 * An id for whoever's session it is, for providers that know clients by an id; also for a visitor who is not logged in. That one does not
 * tell the channel, which is nobody else's to know.
 */
export function sessionUserId({ channelId, userId }: PushSession): string {
  if (userId !== undefined) return userId;
  return `anonymous-${createHash('sha256').update(channelId).digest('base64url').slice(0, ANONYMOUS_ID_LENGTH)}`;
}

function isSession(audience: unknown): audience is PushSession {
  return (
    typeof audience === 'object' &&
    audience !== null &&
    'channelId' in audience &&
    typeof audience.channelId === 'string'
  );
}
