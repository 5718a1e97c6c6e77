import { identifyUser, type SessionAdapter } from './session-adapter.js';

/** For whom a page is made: the channels that reach it, and the id of its user. */
export interface Audience {
  readonly channels: readonly string[];
  readonly userId?: string;
}

/**
 * Finds out who a page is for.
 * @param audience a session, whose one channel it is then; or a user, whose every session's channels they are
 * @throws ValidationError for a user that cannot be identified
 */
export async function audienceOf(audience: unknown, sessions: SessionAdapter<never>): Promise<Audience> {
  if (audience === undefined) return { channels: [] };
  if (isSession(audience)) {
    const { channelId, userId } = audience;
    return { channels: [channelId], ...(typeof userId === 'string' && { userId }) };
  }
  const userId = userIdOf(audience, sessions);
  const [channels] = await (sessions as SessionAdapter<unknown>).channelsFor([audience]);
  return { channels: channels ?? [], userId };
}

/** A user's id, as the session adapter tells it. @throws ValidationError when there is none */
export function userIdOf(user: unknown, { identify = identifyUser }: SessionAdapter<never>): string {
  return (identify as (user: unknown) => string)(user);
}

function isSession(audience: unknown): audience is { channelId: string; userId?: unknown } {
  return (
    typeof audience === 'object' &&
    audience !== null &&
    'channelId' in audience &&
    typeof audience.channelId === 'string'
  );
}
