import { randomBytes } from 'node:crypto';
import { ValidationError } from '../core/errors.js';
import type { PushSession } from './adapter.js';

/** The key in the application's own session where `pushSession()` keeps the channel id and the user's id. */
const KEY = 'pushSession';

/** Reads the push session out of an application's session. */
export function keptIn(session: object): PushSession | undefined {
  const kept: unknown = Reflect.get(session, KEY);
  if (typeof kept !== 'object' || kept === null || !('channelId' in kept)) return undefined;
  const { channelId } = kept;
  if (typeof channelId !== 'string' || channelId === '') return undefined;
  const userId = 'userId' in kept ? kept.userId : undefined;
  return { channelId, ...(typeof userId === 'string' && { userId }) };
}

/** Writes the push session into an application's session, or removes it. */
export function keepIn(session: object, kept: PushSession | undefined): void {
  if (kept === undefined) Reflect.deleteProperty(session, KEY);
  else Reflect.set(session, KEY, kept);
}

/** Random bytes in a channel id: 144 bits, which nobody can guess, and 24 characters of base64url. */
const CHANNEL_ID_BYTES = 18;

/** Makes a channel id that nobody can guess: 24 letters, digits, `-` and `_`. */
export function newChannelId(): string {
  return randomBytes(CHANNEL_ID_BYTES).toString('base64url');
}

/** @throws ValidationError for anything but a string that is not empty */
export function checkChannelId(channelId: unknown): void {
  if (typeof channelId !== 'string' || channelId === '')
    throw new ValidationError('A channel id must be a string that is not empty.');
}

/** Default lifetime of a session that is stored outside the process: 24 hours, in milliseconds. */
export const DEFAULT_TTL_MS: number = 24 * 60 * 60 * 1000;

/** Returns the lifetime. @throws ValidationError for anything but a number above 0 */
export function checkedTtl(ttl: number): number {
  if (typeof ttl !== 'number')
    throw new ValidationError(`"ttl" must be a number of milliseconds, not a value of type ${typeof ttl}.`);
  if (!(ttl > 0)) throw new ValidationError(`"ttl" must be a number of milliseconds above 0, not ${ttl}.`);
  return ttl;
}
