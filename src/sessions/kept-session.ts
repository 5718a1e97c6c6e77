import type { PushSession } from './session-adapter.js';

/** Where `pushSession()` keeps a session's channel id and its user's id: a key of the application's own session. */
const KEY = 'pushSession';

/** What is kept in an application's session, if anything is. */
export function keptIn(session: object): PushSession | undefined {
  const kept: unknown = Reflect.get(session, KEY);
  if (typeof kept !== 'object' || kept === null || !('channelId' in kept)) return undefined;
  const { channelId } = kept;
  if (typeof channelId !== 'string' || channelId === '') return undefined;
  const userId = 'userId' in kept ? kept.userId : undefined;
  return { channelId, ...(typeof userId === 'string' && { userId }) };
}

/** Keeps it, or nothing any more. */
export function keepIn(session: object, kept: PushSession | undefined): void {
  if (kept === undefined) Reflect.deleteProperty(session, KEY);
  else Reflect.set(session, KEY, kept);
}
