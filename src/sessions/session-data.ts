import { randomBytes } from 'node:crypto';
import { ValidationError } from '../core/errors.js';
import type { PushSession } from './adapter.js';

// The data of a push session: its channel id, its lifetime, and its place in the application's own session.

/** Random bytes in a channel id: 144 bits, which nobody can guess, and 24 characters of base64url. */
const CHANNEL_ID_BYTES = 18;

/** Default lifetime of a session that is stored outside the process: 24 hours, in milliseconds. */
export const DEFAULT_TTL_MS: number = 24 * 60 * 60 * 1000;

/**
 * How long a store remembers a removal, in milliseconds. A request in flight may have loaded its session before: what
 * it renews within this time was removed.
 */
export const REMOVAL_KEPT_MS = 60_000;

/** The key in the application's own session where `pushSession()` writes the channel id and the user's id. */
const KEY = 'pushSession';

/**
 * The beginning of the channels that `pushSession()` makes, behind `private-` where the backend has private channels.
 */
export const SESSION_CHANNEL_PREFIX = 'session-';

/** Whether a channel has the name of one that `pushSession()` made. */
export function isSessionChannel(channel: string): boolean {
  return channel.replace(/^private-/, '').startsWith(SESSION_CHANNEL_PREFIX);
}

/** Makes a channel id that nobody can guess: 24 letters, digits, `-` and `_`. */
export function newChannelId(): string {
  return randomBytes(CHANNEL_ID_BYTES).toString('base64url');
}

/** @throws ValidationError for anything but a string that is not empty */
export function checkChannelId(channelId: unknown): void {
  if (typeof channelId !== 'string' || channelId === '')
    throw new ValidationError('A channel id must be a string that is not empty.');
}

/** Returns the lifetime. @throws ValidationError for anything but a number above 0 */
export function checkedTtl(ttl: number): number {
  if (typeof ttl !== 'number')
    throw new ValidationError(`"ttl" must be a number of milliseconds, not a value of type ${typeof ttl}.`);
  if (!(ttl > 0)) throw new ValidationError(`"ttl" must be a number of milliseconds above 0, not ${ttl}.`);
  return ttl;
}

/** Reads the push session out of an application's session; undefined when it has none. */
export function readPushSession(session: object): PushSession | undefined {
  const data: unknown = Reflect.get(session, KEY);
  if (typeof data !== 'object' || data === null || !('channelId' in data)) return undefined;
  const { channelId } = data;
  if (typeof channelId !== 'string' || channelId === '') return undefined;
  const userId = 'userId' in data ? data.userId : undefined;
  return { channelId, ...(typeof userId === 'string' && { userId }) };
}

/** Writes the push session into an application's session, or removes it. */
export function writePushSession(session: object, pushSession: PushSession | undefined): void {
  // A session may be a proxy, or stand for one that is read and written by methods: nothing can be deleted from those.
  Reflect.set(session, KEY, pushSession);
  const isPlain = Object.getOwnPropertyDescriptor(session, KEY)?.writable === true;
  if (pushSession === undefined && isPlain) Reflect.deleteProperty(session, KEY);
}
