import { isRecord } from '../../wire/is-record.js';
import type { JsonValue } from '../../wire/message.js';

/** An event of a webhook, taken out of its envelope. */
export interface EnvelopedEvent {
  /** PubNub's name of the event, as in `presence.user.channel.joined`. */
  readonly schema: string;
  /** The envelope's id, or the event's own. */
  readonly id: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly channel: string | undefined;
  /** Whether a message that is an object or a list came as its JSON text. */
  readonly isMessageText: boolean;
  readonly raw: JsonValue;
}

/** PubNub's name of the event of a published message. */
export const PUBLISHED = 'messages.pubsub.publish';

/**
 * Finds the events in a webhook's body: without an envelope, in an envelope of version 1, 2 or 2.1, or several of these
 * in a list. Source: https://www.pubnub.com/docs/serverless/events-and-actions/ena-payloads
 */
export function eventsIn(body: unknown): readonly EnvelopedEvent[] {
  if (Array.isArray(body)) return body.flatMap(eventsIn);
  if (!isRecord(body)) return [eventOf('', body, {})];
  const { event, metadata } = body;
  if (!isRecord(event)) return payloadIn(body, {});
  const envelope = { id: textOf(event['id']) ?? textOf(event['eventId']), channel: channelIn(event, metadata, body) };
  const { payload, eventPayload } = event;
  if (isRecord(eventPayload)) {
    const { timetoken, senderId, iso8601timestamp: timestamp } = event;
    return [eventOf(PUBLISHED, { ...eventPayload, timetoken, senderId, timestamp }, envelope, true, body)];
  }
  return payloadIn(isRecord(payload) ? payload : event, envelope);
}

interface Envelope {
  readonly id?: string | undefined;
  readonly channel?: string | undefined;
}

function payloadIn(payload: Readonly<Record<string, unknown>>, envelope: Envelope): readonly EnvelopedEvent[] {
  const { data, dataSchema, schema } = payload;
  const name = schemaName(textOf(dataSchema) ?? textOf(schema) ?? '');
  if (!Array.isArray(data)) return [eventOf(name, payload, envelope)];
  return data.map((item, index) =>
    eventOf(name, item, { ...envelope, id: envelope.id && (index === 0 ? envelope.id : `${envelope.id}.${index}`) }),
  );
}

function eventOf(
  schema: string,
  item: unknown,
  { id, channel }: Envelope,
  isMessageText = false,
  raw: unknown = item,
): EnvelopedEvent {
  const fields = isRecord(item) ? item : {};
  return {
    schema,
    id: id ?? textOf(fields['id']),
    fields,
    channel: channelIn(fields) ?? channel,
    isMessageText,
    raw: raw as JsonValue,
  };
}

/**
 * The name in a schema's address: `presence.user.channel.left` in
 * `pubnub.com/schemas/events/presence.user.channel.left?v=1.0.0`.
 */
function schemaName(address: string): string {
  const [path = ''] = address.split('?', 1);
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The first channel that one of these places names. Versions 1 and 2 of the envelope have it in their metadata. */
function channelIn(...places: readonly unknown[]): string | undefined {
  const names = ['channel', 'channelId', 'pubsub.channel', 'pubsub:channel'];
  return places.flatMap((place) => (isRecord(place) ? names.map((name) => textOf(place[name])) : [])).find(Boolean);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
