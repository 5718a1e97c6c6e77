import { isUserId, MAX_USER_ID_LENGTH } from '../../channels-protocol/names.js';
import { isRecord, parseData } from '../../channels-protocol/parse-message.js';

/** A user on a presence channel. */
export interface PresenceMember {
  readonly id: string;
  readonly info: unknown;
}

/** Reads the `channel_data` of a subscription, or returns in words what is wrong with it. */
export function parseMember(channelData: string, maxBytes: number): PresenceMember | string {
  if (Buffer.byteLength(channelData) > maxBytes) return `The member's channel_data is over ${maxBytes} bytes`;
  const value = parseData(channelData);
  if (!isRecord(value)) return 'The channel_data is not a JSON object';
  const { user_id: id, user_info: info } = value;
  // Pusher takes numbers, which many applications have for user ids.
  const text = typeof id === 'number' ? String(id) : id;
  if (!isUserId(text)) return `The channel_data needs a "user_id" of 1 to ${MAX_USER_ID_LENGTH} characters`;
  return { id: text, info };
}
