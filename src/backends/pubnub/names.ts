import { ValidationError } from '../../core/errors.js';
import type { NameRule } from '../../core/names.js';

/** Longest name of a channel, a channel group or a user, in characters. Source: https://www.pubnub.com/docs/pub-sub/subscribe/channels */
export const MAX_NAME_LENGTH = 92;
/** What PubNub takes for a message with its address and headers, in bytes. Source: https://www.pubnub.com/docs/general/messages/publish */
export const MAX_MESSAGE_BYTES = 32_768;
/** What is left of it for the message, in bytes: channel, keys, user id and `meta` go into the address. */
export const DEFAULT_MESSAGE_BYTES = 30_000;
/** Size of a signal, in bytes of JSON. Source: https://www.pubnub.com/docs/general/messages/publish#signals */
export const MAX_SIGNAL_BYTES = 64;
/** Stored messages that one request gives. Source: https://www.pubnub.com/docs/general/storage */
export const MAX_HISTORY_COUNT = 100;
/** Users that one presence request gives. Source: https://www.pubnub.com/docs/sdks/javascript/api-reference/presence */
export const MAX_PRESENCE_COUNT = 1000;
/** Longest life of a token, in minutes: 30 days. Source: https://www.pubnub.com/docs/general/security/access-control */
export const MAX_TOKEN_MINUTES = 43_200;
/** Longest time that we take for storing a message, in hours: 100 years; PubNub names none. */
export const MAX_TTL_HOURS = 876_000;

/** Header of an encrypted message: `PNED`, version, name of the cryptor (4), length, initialisation vector (16), in bytes. */
const CRYPTOR_HEADER_BYTES = 26;
const BLOCK_BYTES = 16;

/**
 * The largest message that is at most `limit` bytes when it is encrypted with AES-CBC and written as a JSON string of base64. The
 * legacy cryptor adds less.
 */
export function maxBytesBeforeEncryption(limit: number): number {
  const base64 = Math.floor((limit - '""'.length) / 4) * 3;
  const blocks = Math.floor((base64 - CRYPTOR_HEADER_BYTES) / BLOCK_BYTES);
  // The padding takes at least one byte.
  return Math.max(0, blocks * BLOCK_BYTES - 1);
}

/**
 * Names of channels, and of wildcards to subscribe to. A name may hold periods, which part it into the levels that wildcards go by.
 * Source: https://www.pubnub.com/docs/pub-sub/subscribe/channels
 */
export const channelName: NameRule = {
  pattern: /^(?!.*-pnpres$)(?!\.)[^\p{Cc} ,:*/\\]*(?:[^\p{Cc} ,:*/\\.]|\.\*)$/u,
  maxLength: MAX_NAME_LENGTH,
  allowed:
    'anything but spaces, control characters and , : * / \\ , no period at either end, and no "-pnpres", which are PubNub\'s own; ".*" ends a wildcard to subscribe to',
};

/** Whether a name stands for many channels: one can subscribe to it, and not publish. */
function isWildcard(name: string): boolean {
  return name.endsWith('.*');
}

/** @throws ValidationError */
export function checkPublishable(channels: readonly string[]): void {
  const wildcard = channels.find(isWildcard);
  if (wildcard === undefined) return;
  throw new ValidationError(
    `"${wildcard}" is a wildcard: it can be subscribed to, and nothing can be sent to it. Send to the channels themselves.`,
    { backend: 'pubnub' },
  );
}

/** Names of channel groups. @throws ValidationError */
export function checkGroup(name: unknown): void {
  if (typeof name === 'string' && name.length <= MAX_NAME_LENGTH && /^[^\p{Cc} ,:*/\\.]+$/u.test(name)) return;
  throw new ValidationError(
    `${JSON.stringify(name)} names no channel group: that takes 1 to ${MAX_NAME_LENGTH} characters other than spaces, control characters and . , : * / \\`,
    { backend: 'pubnub' },
  );
}
