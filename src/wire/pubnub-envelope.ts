import { record } from './is-record.js';
import type { IncomingMessage, JsonValue, PushNotification } from './message.js';
import type { PubNubEventLike } from './pubnub-sdk.js';

/** A message that came in from PubNub. */
export interface PubNubMessage extends IncomingMessage {
  /** PubNub's time and place of the message: 17 digits, in tenths of a microsecond since 1970. */
  readonly timetoken: string;
}

/** The parts of a message that travel in the envelope. */
export type EnvelopeParts = Pick<IncomingMessage, 'event' | 'data' | 'id' | 'notification'>;

interface Envelope {
  readonly event: string;
  readonly data?: unknown;
  readonly id?: string;
  readonly notification?: PushNotification;
}

/**
 * The JSON text of a message. It is always an object, because the SDK takes `0`, `''`, `false` and `null` for no
 * message.
 * @param parts `json` is the data as JSON
 */
export function envelopeJson({
  id,
  event,
  json,
  notification,
}: {
  readonly id: string;
  readonly event: string;
  readonly json: string;
  readonly notification?: PushNotification | undefined;
}): string {
  const end = notification === undefined ? '' : `,"notification":${JSON.stringify(notification)}`;
  return `{"event":${JSON.stringify(event)},"data":${json},"id":"${id}"${end}}`;
}

/** A signal's envelope: without an id, for which a signal has no room, and without `data` that is null. */
export function signalOf(event: string, data: JsonValue): object {
  return data === null ? { event } : { event, data };
}

/**
 * Reads a message of PubNub.
 * @param defaultEvent the event of a message without the envelope, which others sent: all of it is the data then
 */
export function readEnvelope(message: unknown, defaultEvent: string): EnvelopeParts {
  return isEnvelope(message) ? { ...message, data: message.data ?? null } : { event: defaultEvent, data: message };
}

/** The message in an event of the SDK. @param defaultEvent as for {@link readEnvelope} */
export function pubnubMessage(received: PubNubEventLike, defaultEvent: string): PubNubMessage {
  const { channel, subscription, message, timetoken, publisher } = received;
  return {
    channel,
    ...readEnvelope(message, defaultEvent),
    timetoken: String(timetoken),
    ...(publisher !== undefined && { userId: publisher }),
    ...(subscription !== null && subscription !== channel && { subscription }),
  };
}

/**
 * The ids by which a repetition of a message is known. The same timetoken comes again after a reconnect, and where a
 * wildcard and a channel both match. The same id comes again when the application repeated an attempt whose answer was
 * lost.
 */
export function repetitionIds({ channel, timetoken, id }: PubNubMessage): readonly string[] {
  return [timetoken, id].filter((part) => part !== undefined).map((part) => `${channel}:${part}`);
}

/** Whether a message has the envelope. An object with any other key does not have it. */
function isEnvelope(message: unknown): message is Envelope {
  const { event, data, id = '', notification = {}, ...others } = record(message);
  return (
    typeof event === 'string' &&
    typeof id === 'string' &&
    typeof notification === 'object' &&
    notification !== null &&
    Object.keys(others).length === 0
  );
}
