import type { NameRule } from '../core/names.js';
import { SERVER_TO_USER_PREFIX } from '../wire/pusher-names.js';

export {
  CLIENT_EVENT_PREFIX,
  isEncrypted,
  isPresence,
  isPrivate,
  isProtocolEvent,
  isPublic,
  SERVER_TO_USER_PREFIX,
} from '../wire/pusher-names.js';

/** Pusher: channel names up to 164 characters, prefix included (the SDK itself lets 200 pass). */
const MAX_CHANNEL_NAME_LENGTH = 164;
/** Pusher: event names up to 200 characters. */
const MAX_EVENT_NAME_LENGTH = 200;
/** Pusher: user ids up to 128 characters. */
export const MAX_USER_ID_LENGTH = 128;
/** Pusher: 100 channels a trigger. */
export const MAX_CHANNELS_PER_TRIGGER: number = 100;
/** Pusher: 10 events a batch. */
export const MAX_EVENTS_PER_BATCH: number = 10;

/**
 * The channel names that Pusher's service takes. After `#server-to-user-` there may be any text: the application makes
 * its users' ids.
 */
export const channelName: NameRule = {
  pattern: /^(?:#server-to-user-\P{Cc}+|[A-Za-z0-9_\-=@,.;]+)$/u,
  maxLength: MAX_CHANNEL_NAME_LENGTH,
  allowed: 'letters, digits and _ - = @ , . ;',
};

/** The event names that Pusher's service takes, without those of the protocol's own events. */
export const eventName: NameRule = {
  // Clients trust the protocol's events: whoever could publish them could make members come and go.
  pattern: /^(?!pusher:|pusher_internal:)\P{Cc}+$/u,
  maxLength: MAX_EVENT_NAME_LENGTH,
  allowed: 'anything but control characters, and no name that begins with "pusher:" or "pusher_internal:"',
};

/** Whether a name keeps to a rule. */
export function keepsTo(rule: NameRule, name: string): boolean {
  return name.length <= rule.maxLength && rule.pattern.test(name);
}

/** Says in words, without a full stop, what is wrong with a channel's name. Returns undefined for a valid one. */
export function channelNameProblem(name: unknown, rule: NameRule = channelName): string | undefined {
  if (typeof name === 'string' && keepsTo(rule, name)) return undefined;
  return `A channel's name holds ${rule.allowed}, up to ${rule.maxLength} characters`;
}

/** Whether new subscribers get the channel's last event. */
export function isCache(channel: string): boolean {
  return /^(?:private-encrypted-|private-|presence-)?cache-/.test(channel);
}

/** The user's id of a channel of {@link SERVER_TO_USER_PREFIX}; undefined for any other channel. */
export function userOfChannel(channel: string): string | undefined {
  return channel.startsWith(SERVER_TO_USER_PREFIX) ? channel.slice(SERVER_TO_USER_PREFIX.length) : undefined;
}

/** Whether a value is a user's id that Pusher's service takes: a text of 1 to 128 characters. */
export function isUserId(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && text.length <= MAX_USER_ID_LENGTH;
}

/** Whether a text has the form of a socket id, `1234.1234`, whose halves fit in 64 bits. Each connection has one. */
export function isSocketId(text: string): boolean {
  return /^\d{1,20}\.\d{1,20}$/.test(text);
}
