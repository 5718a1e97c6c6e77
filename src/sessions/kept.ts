import { randomBytes } from 'node:crypto';
import { ValidationError } from '../core/errors.js';
import type { PushSession } from './adapter.js';

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

/** Random bytes in a channel id: 144 bits, so that it cannot be guessed; 24 characters as base64url. */
const CHANNEL_ID_BYTES = 18;

/** A channel id that nobody can guess: 24 letters, digits, `-` and `_`. */
export function newChannelId(): string {
  return randomBytes(CHANNEL_ID_BYTES).toString('base64url');
}

/** @throws ValidationError for a channel id that is none */
export function checkChannelId(channelId: unknown): void {
  if (typeof channelId !== 'string' || channelId === '')
    throw new ValidationError('A channel id must be a string that is not empty.');
}

/** How long a session lives that has no time of its own, where it is kept beyond the process: 24 hours, in milliseconds. */
export const DEFAULT_TTL_MS: number = 24 * 60 * 60 * 1000;

/** @throws ValidationError for a time to live that is no number above 0 */
export function checkedTtl(ttl: number): number {
  if (typeof ttl !== 'number')
    throw new ValidationError(`"ttl" must be a number of milliseconds, not a value of type ${typeof ttl}.`);
  if (!(ttl > 0)) throw new ValidationError(`"ttl" must be a number of milliseconds above 0, not ${ttl}.`);
  return ttl;
}
