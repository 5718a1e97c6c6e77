import { createHash } from 'node:crypto';
import { identifyUser, type PushSession, type SessionAdapter } from './adapter.js';

/** Length of a visitor's id, in characters of base64url: 132 bits of a digest. */
const ANONYMOUS_ID_LENGTH = 22;

/** The id of a user, as the session adapter reads it. @throws ValidationError for a user without an id */
export function userIdOf(user: unknown, { identify = identifyUser }: SessionAdapter<never>): string {
  return (identify as (user: unknown) => string)(user);
}

/**
 * The id of a session's user. A visitor who is not logged in gets one as well, for providers that know their clients by
 * an id. The id of a visitor does not reveal the channel, which nobody else may know.
 */
export function sessionUserId({ channelId, userId }: PushSession): string {
  if (userId !== undefined) return userId;
  return `anonymous-${createHash('sha256').update(channelId).digest('base64url').slice(0, ANONYMOUS_ID_LENGTH)}`;
}
