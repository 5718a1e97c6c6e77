import { parseData } from '../../channels-protocol/parse-message.js';
import { isRecord } from '../../is-record.js';
import { madeId } from '../../webhooks/event-id.js';
import type { OtherEvent, WebhookEvent, WebhookEventBase } from '../../webhooks/webhook-event.js';
import { readEnvelope } from './envelope.js';
import { type EnvelopedEvent, eventsIn, PUBLISHED } from './webhook-envelope.js';

/** What reading a webhook takes to know. */
export interface WebhookReader {
  readonly backend: string;
  /** The user id of this server, whose messages come back. */
  readonly userId: string;
  /** What a text is that was published encrypted; undefined when that cannot be told. */
  readonly decrypt?: (message: unknown) => unknown;
}

/** PubNub's timetokens count tenths of a microsecond. */
const TICKS_A_MILLISECOND = 10_000;

/** The events of a webhook's body. What has no type here, or lacks what its type needs, is `other`. */
export function webhookEvents(body: unknown, reader: WebhookReader): WebhookEvent[] {
  return eventsIn(body).map((event) => webhookEvent(event, reader));
}

function webhookEvent(event: EnvelopedEvent, reader: WebhookReader): WebhookEvent {
  const { schema, fields, raw } = event;
  const time = timeOf(fields);
  const base = {
    id: event.id ?? madeId(raw, time !== undefined),
    time: time ?? new Date(),
    backend: reader.backend,
    raw,
  };
  const other: OtherEvent = { ...base, type: 'other', name: schema };
  if (schema === 'push.message.sending.failed')
    return { ...base, type: 'notificationFailed', notificationId: undefined };
  return (event.channel === undefined ? undefined : onChannel(event, event.channel, base, reader)) ?? other;
}

function onChannel(
  { schema, fields, isMessageText }: EnvelopedEvent,
  channel: string,
  base: WebhookEventBase,
  reader: WebhookReader,
): WebhookEvent | undefined {
  const { userId, senderId, fileId } = fields;
  switch (schema) {
    case 'presence.channel.state.active':
      return { ...base, type: 'channelOccupied', channel };
    case 'presence.channel.state.inactive':
      return { ...base, type: 'channelVacated', channel };
    case 'presence.user.channel.joined':
      return typeof userId === 'string' ? { ...base, type: 'memberAdded', channel, userId } : undefined;
    case 'presence.user.channel.left':
    case 'presence.user.timedout.in.channel':
      return typeof userId === 'string' ? { ...base, type: 'memberRemoved', channel, userId } : undefined;
    case PUBLISHED: {
      // A server's own message is no client's, and a file is none that a subscription would bring.
      if (senderId === reader.userId || fileId !== undefined) return undefined;
      const sent = isMessageText ? objectIn(fields['message']) : fields['message'];
      const message = reader.decrypt === undefined ? sent : reader.decrypt(sent);
      if (message === undefined) return undefined;
      const { event, data } = readEnvelope(message, 'message');
      const sender = typeof senderId === 'string' && { userId: senderId };
      return { ...base, type: 'clientEvent', channel, event, data, ...sender };
    }
    default:
      return undefined;
  }
}

/** The object or list that a text is the JSON of; any other text is itself. */
function objectIn(message: unknown): unknown {
  const value = parseData(message);
  return isRecord(value) || Array.isArray(value) ? value : message;
}

function timeOf({ timestamp, timetoken }: Readonly<Record<string, unknown>>): Date | undefined {
  const candidates = [
    ...(typeof timestamp === 'string' ? [new Date(timestamp)] : []),
    ...(typeof timetoken === 'string' ? [new Date(Number(timetoken) / TICKS_A_MILLISECOND)] : []),
  ];
  return candidates.find((time) => !Number.isNaN(time.getTime()));
}
