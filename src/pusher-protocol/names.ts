import type { NameRule } from '../core/names.js';
import { SERVER_TO_USER_PREFIX } from '../wire/pusher-names.js';

export {
  CLIENT_EVENT_PREFIX,
  isEncrypted,
  isPresence,
  isPrivate,
  isProtocolEvent,
  SERVER_TO_USER_PREFIX,
} from '../wire/pusher-names.js';

/** Pusher: channel names up to 164 characters, prefix included (the SDK itself lets 200 pass). */
const MAX_CHANNEL_NAME_LENGTH = 164;
/** Pusher: event names up to 200 characters. */
const MAX_EVENT_NAME_LENGTH = 200;
/** Pusher: user ids up to 128 characters. */
export const MAX_USER_ID_LENGTH = 128;

/** What Pusher's service takes as a channel's name; the id after `#server-to-user-` is the application's own text. */
export const channelName: NameRule = {
  pattern: /^(?:#server-to-user-\P{Cc}+|[A-Za-z0-9_\-=@,.;]+)$/u,
  maxLength: MAX_CHANNEL_NAME_LENGTH,
  allowed: 'letters, digits and _ - = @ , . ;',
};

/** What Pusher's service takes as an event's name, without the names that the protocol keeps for its own events. */
export const eventName: NameRule = {
  // Clients take these for the server's word: whoever chose such a name could make members come and go.
  pattern: /^(?!pusher:|pusher_internal:)\P{Cc}+$/u,
  maxLength: MAX_EVENT_NAME_LENGTH,
  allowed: 'anything but control characters, and no name that begins with "pusher:" or "pusher_internal:"',
};

/** Whether a name keeps to a rule. */
export function keepsTo(rule: NameRule, name: string): boolean {
  return name.length <= rule.maxLength && rule.pattern.test(name);
}

/** What is wrong with a channel's name, in words and without a full stop, or undefined. */
export function channelNameProblem(name: unknown): string | undefined {
  if (typeof name === 'string' && keepsTo(channelName, name)) return undefined;
  return `A channel's name holds ${channelName.allowed}, up to ${channelName.maxLength} characters`;
}

/** A name that a client sent, cut where no valid name is longer: it goes back to the client. */
export function echoedName(name: string): string {
  return name.slice(0, MAX_CHANNEL_NAME_LENGTH);
}

/** Whether the channel hands its last event to new subscribers. */
export function isCache(channel: string): boolean {
  return /^(?:private-encrypted-|private-|presence-)?cache-/.test(channel);
}

/** The id of the user whose connections the channel reaches, or undefined for any other channel. */
export function userOfChannel(channel: string): string | undefined {
  return channel.startsWith(SERVER_TO_USER_PREFIX) ? channel.slice(SERVER_TO_USER_PREFIX.length) : undefined;
}

/** Whether a text is a user's id as the service takes it. */
export function isUserId(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && text.length <= MAX_USER_ID_LENGTH;
}

/** Whether a text is a socket id, as the server hands them out: `1234.1234`. */
export function isSocketId(text: string): boolean {
  return /^\d+\.\d+$/.test(text);
}

/** Pusher: 100 channels a trigger. */
export const MAX_CHANNELS_PER_TRIGGER: number = 100;
/** Pusher: 10 events a batch. */
export const MAX_EVENTS_PER_BATCH: number = 10;
