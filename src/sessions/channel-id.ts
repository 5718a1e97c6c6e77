import { randomBytes } from 'node:crypto';
import { ValidationError } from '../errors.js';

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
