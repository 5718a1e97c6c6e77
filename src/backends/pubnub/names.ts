import { ValidationError } from '../../core/errors.js';
import type { NameRule } from '../../core/names.js';

/**
 * Longest name of a channel, a channel group or a user, in characters.
 * Source: https://www.pubnub.com/docs/pub-sub/subscribe/channels
 */
export const MAX_NAME_LENGTH = 92;
/**
 * Largest message with its address and headers, in bytes.
 * Source: https://www.pubnub.com/docs/general/messages/publish
 */
export const MAX_MESSAGE_BYTES = 32_768;
/** Default of the option `maxMessageBytes`: room is left for the address, with channel, keys, user id and `meta`. */
export const DEFAULT_MESSAGE_BYTES = 30_000;
/** Largest signal, in bytes of JSON. Source: https://www.pubnub.com/docs/general/messages/publish#signals */
export const MAX_SIGNAL_BYTES = 64;
/** Most stored messages that one request returns. Source: https://www.pubnub.com/docs/general/storage */
export const MAX_HISTORY_COUNT = 100;
/**
 * Most users that one presence request returns.
 * Source: https://www.pubnub.com/docs/sdks/javascript/api-reference/presence
 */
export const MAX_PRESENCE_COUNT = 1000;
/** Longest life of a token, in minutes: 30 days. Source: https://www.pubnub.com/docs/general/security/access-control */
export const MAX_TOKEN_MINUTES = 43_200;
/** Longest time to store a message, in hours: 100 years. PubNub itself sets no limit. */
export const MAX_TTL_HOURS = 876_000;

/**
 * Header of an encrypted message, in bytes: `PNED`, version, name of the cryptor (4), length, and initialisation vector
 * (16).
 */
const CRYPTOR_HEADER_BYTES = 26;
const BLOCK_BYTES = 16;

/**
 * The largest message, in bytes, that takes at most `limit` bytes as AES-CBC in a JSON string of base64. The legacy
 * cryptor takes less.
 */
export function maxBytesBeforeEncryption(limit: number): number {
  const base64 = Math.floor((limit - '""'.length) / 4) * 3;
  const blocks = Math.floor((base64 - CRYPTOR_HEADER_BYTES) / BLOCK_BYTES);
  // The padding takes at least one byte.
  return Math.max(0, blocks * BLOCK_BYTES - 1);
}

/**
 * Names of channels, and of wildcards to subscribe to. Periods divide a name into the levels that wildcards go by. A
 * wildcard has at most two periods before its star.
 * Source: https://www.pubnub.com/docs/general/channels/subscribe#wildcard-subscribe
 */
export const channelName: NameRule = {
  pattern: /^(?!.*-pnpres$)(?!(?:[^.]*\.){3,}\*$)(?!\.)[^\p{Cc} ,:*/\\]*(?:[^\p{Cc} ,:*/\\.]|\.\*)$/u,
  maxLength: MAX_NAME_LENGTH,
  allowed:
    'anything but spaces, control characters and , : * / \\ ; no period at either end, and no "-pnpres" at the end, which PubNub keeps for itself; ".*" at the end makes a wildcard to subscribe to, with one or two periods before the star',
};

/** Whether a name stands for many channels. Subscribers can use it, publishers cannot. */
function isWildcard(name: string): boolean {
  return name.endsWith('.*');
}

/** Checks that messages can be sent to the channels. @throws ValidationError for a wildcard */
export function checkPublishable(channels: readonly string[]): void {
  const wildcard = channels.find(isWildcard);
  if (wildcard === undefined) return;
  throw new ValidationError(
    `"${wildcard}" is a wildcard: you can subscribe to it, but not send to it. Send to the channels themselves.`,
    { backend: 'pubnub' },
  );
}

/** Checks the name of a channel group. @throws ValidationError */
export function checkGroup(name: unknown): void {
  if (typeof name === 'string' && name.length <= MAX_NAME_LENGTH && /^[^\p{Cc} ,:*/\\.]+$/u.test(name)) return;
  throw new ValidationError(
    `${JSON.stringify(name)} is not the name of a channel group: use 1 to ${MAX_NAME_LENGTH} characters other than spaces, control characters and . , : * / \\`,
    { backend: 'pubnub' },
  );
}
