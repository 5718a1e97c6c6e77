import { isRecord } from '../wire/is-record.js';

/**
 * A message of the Channels protocol, from a client or from the server. Its form has been checked, its `data` has not.
 */
export interface ProtocolMessage {
  readonly event: string;
  readonly channel?: string;
  readonly data?: unknown;
  readonly user_id?: string;
  /** Of a recorded message, which may come twice. */
  readonly id?: string;
}

/** Reads a message. @returns the message, or in words what is wrong with its form */
export function parseMessage(text: string): ProtocolMessage | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'The message is not JSON';
  }
  if (!isRecord(value)) return 'The message is not a JSON object';
  const { event, channel, data, user_id: userId, id } = value;
  if (typeof event !== 'string') return 'The message has no "event"';
  if (channel !== undefined && channel !== null && typeof channel !== 'string')
    return 'The message\'s "channel" is not a text';
  return {
    event,
    ...(typeof channel === 'string' && { channel }),
    ...(data !== undefined && { data }),
    ...(typeof userId === 'string' && { user_id: userId }),
    ...(typeof id === 'string' && { id }),
  };
}

/**
 * Reads the `data` of a message: a text is read as JSON, or returned as it is when it is none; any other value is
 * returned.
 */
export function parseData(data: unknown): unknown {
  if (typeof data !== 'string') return data;
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}
