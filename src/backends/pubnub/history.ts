import { ValidationError } from '../../core/errors.js';
import { type PubNubMessage, readEnvelope } from '../../wire/pubnub-envelope.js';
import type { PubNubStoredMessage } from './client.js';
import { MAX_HISTORY_COUNT } from './names.js';

/** The range of stored messages to read. */
export interface HistoryRange {
  /** Number of messages, counted from the latest: 1 to 100. @default 100 */
  readonly count?: number;
  /** Only messages before this timetoken. To read further back, give that of the oldest message so far. */
  readonly start?: string;
  /** Only messages from this timetoken on. */
  readonly end?: string;
}

/** Makes the SDK's parameters. @throws ValidationError for a range that PubNub does not allow */
export function historyParameters(channel: string, range: HistoryRange): object {
  const { count = MAX_HISTORY_COUNT, start, end } = range;
  if (!Number.isInteger(count) || count < 1 || count > MAX_HISTORY_COUNT)
    throw new ValidationError(`"count" must be a whole number from 1 to ${MAX_HISTORY_COUNT}.`, { backend: 'pubnub' });
  for (const [key, value] of Object.entries({ start, end })) {
    if (value !== undefined && !/^\d{1,19}$/.test(value))
      throw new ValidationError(`"${key}" must be a timetoken, such as "17000000000000000".`, { backend: 'pubnub' });
  }
  return {
    channels: [channel],
    count,
    stringifiedTimeToken: true,
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
  };
}

/** Reads stored messages as if they came in, the oldest first. Messages that cannot be decrypted are left out. */
export function messagesOf(
  channel: string,
  stored: readonly PubNubStoredMessage[],
  isEncrypted: boolean,
): readonly PubNubMessage[] {
  return (
    stored
      // The legacy cryptor makes null of a message that it cannot decrypt.
      .filter(({ error, message }) => error === undefined && !(isEncrypted && message === null))
      .map(({ message, timetoken, uuid }) => ({
        channel,
        ...readEnvelope(message, 'message'),
        timetoken: String(timetoken),
        ...(uuid !== undefined && { userId: uuid }),
      }))
  );
}
