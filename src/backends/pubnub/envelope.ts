import { isRecord } from '../../wire/is-record.js';
import type { IncomingMessage, JsonValue, PushNotification } from '../../wire/message.js';
import type { EventParts } from '../contract/message.js';

/** A message that came in from PubNub. */
export interface PubNubMessage extends IncomingMessage {
  /** PubNub's time and place of the message: 17 digits, in tenths of a microsecond since 1970. */
  readonly timetoken: string;
}

/** What a message holds besides where it came from. */
export type EnvelopeParts = Pick<IncomingMessage, 'event' | 'data' | 'id' | 'notification'>;

const envelopeKeys = new Set(['event', 'data', 'id', 'notification']);

/** The JSON text of a message: an object always, because the SDK takes `0`, `''`, `false` and `null` for missing. */
export function envelopeJson({ id, event, json, notification }: EventParts): string {
  const end = notification === undefined ? '' : `,"notification":${JSON.stringify(notification)}`;
  return `{"event":${JSON.stringify(event)},"data":${json},"id":"${id}"${end}}`;
}

/** A signal: no id, for which there is no room, and no `data` that is null. */
export function signalOf(event: string, data: JsonValue): object {
  return data === null ? { event } : { event, data };
}

/** Reads what came in. What others sent without the envelope is the data of an event of the given name. */
export function readEnvelope(message: unknown, defaultEvent: string): EnvelopeParts {
  if (!isEnvelope(message)) return { event: defaultEvent, data: message };
  const { event, data = null, id, notification } = message;
  return { event, data, ...(id !== undefined && { id }), ...(notification !== undefined && { notification }) };
}

interface Envelope {
  readonly event: string;
  readonly data?: unknown;
  readonly id?: string;
  readonly notification?: PushNotification;
}

function isEnvelope(message: unknown): message is Envelope {
  if (!isRecord(message)) return false;
  if (!Object.keys(message).every((key) => envelopeKeys.has(key))) return false;
  const { event, id, notification } = message as Partial<Record<string, unknown>>;
  return (
    typeof event === 'string' &&
    (id === undefined || typeof id === 'string') &&
    (notification === undefined || (typeof notification === 'object' && notification !== null))
  );
}
