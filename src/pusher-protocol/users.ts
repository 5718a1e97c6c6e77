import { isRecord } from '../wire/is-record.js';
import { isUserId, MAX_USER_ID_LENGTH } from './names.js';
import { parseData } from './parse-message.js';

/** A user as the protocol's messages carry one: a member of a presence channel, or who has signed in. */
export interface ProtocolUser {
  readonly id: string;
  /** The `user_info` as JSON text: however deep it is, it can go into other messages. */
  readonly info: string | undefined;
}

/**
 * Reads the member in the `channel_data` of a subscription.
 * @param maxBytes size of the `channel_data`, in UTF-8 bytes
 * @returns the member, or in words what is wrong
 */
export function parseMember(channelData: string, maxBytes: number): ProtocolUser | string {
  if (Buffer.byteLength(channelData) > maxBytes) return `The member's channel_data is over ${maxBytes} bytes`;
  const value = parseData(channelData);
  if (!isRecord(value)) return 'The channel_data is not a JSON object';
  const { user_id: id, user_info: info } = value;
  // Pusher takes numbers, which many applications have for user ids.
  const text = typeof id === 'number' ? String(id) : id;
  if (!isUserId(text)) return `The channel_data needs a "user_id" of 1 to ${MAX_USER_ID_LENGTH} characters`;
  return userWith(text, info);
}

/**
 * Makes a user who has signed in a member of a presence channel.
 * @param maxBytes size that the member's `channel_data` would have, in UTF-8 bytes
 * @returns the member, or in words why the user cannot be one
 */
export function memberOfUser(user: ProtocolUser, maxBytes: number): ProtocolUser | string {
  const channelData = `{"user_id":${JSON.stringify(user.id)},"user_info":${user.info ?? 'null'}}`;
  if (Buffer.byteLength(channelData) > maxBytes) return `The signed-in user's data is over ${maxBytes} bytes`;
  return user;
}

/** A user who signs in. */
export interface SigningInUser extends ProtocolUser {
  /** Whom the user watches, as it came; see {@link parseWatchlist}. */
  readonly watchlist: unknown;
}

/**
 * Reads the user in the `user_data` of a sign-in.
 * @param maxBytes size of the `user_data`, in UTF-8 bytes
 * @returns the user, or in words what is wrong
 */
export function parseUser(userData: string, maxBytes: number): SigningInUser | string {
  if (Buffer.byteLength(userData) > maxBytes) return `The user_data is over ${maxBytes} bytes`;
  const value = parseData(userData);
  if (!isRecord(value) || !isUserId(value['id']))
    return `The user_data needs an "id" as a text of 1 to ${MAX_USER_ID_LENGTH} characters`;
  const user = userWith(value['id'], value['user_info']);
  return typeof user === 'string' ? user : { ...user, watchlist: value['watchlist'] };
}

/**
 * Reads the `watchlist` in a `user_data`.
 * @returns the ids of the users, each once, or in words what is wrong
 */
export function parseWatchlist(watchlist: unknown): readonly string[] | string {
  if (watchlist === undefined || watchlist === null) return [];
  if (!Array.isArray(watchlist)) return 'The "watchlist" is not a list of user ids';
  const ids = new Set<string>();
  for (const id of watchlist) {
    // As in a channel_data: many applications have numbers for user ids.
    const text: unknown = typeof id === 'number' ? String(id) : id;
    if (!isUserId(text)) return `Each id in the "watchlist" must be a text of 1 to ${MAX_USER_ID_LENGTH} characters`;
    ids.add(text);
  }
  return [...ids];
}

function userWith(id: string, info: unknown): ProtocolUser | string {
  try {
    return { id, info: JSON.stringify(info) };
  } catch {
    // JSON can be read to any depth, but not written.
    return 'The "user_info" is nested too deeply';
  }
}
