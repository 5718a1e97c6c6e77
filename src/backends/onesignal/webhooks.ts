import { ValidationError } from '../../core/errors.js';
import type { NotificationEvent, WebhookEvent } from '../../webhooks/event.js';
import { madeId } from '../../webhooks/event-id.js';
import { isRecord } from '../../wire/is-record.js';
import type { JsonValue } from '../../wire/message.js';

/** Our types of OneSignal's events. Source: https://documentation.onesignal.com/docs/event-streams-data */
const types: ReadonlyMap<string, NotificationEvent['type']> = new Map([
  ['message.push.sent', 'notificationSent'],
  ['message.push.received', 'notificationDelivered'],
  ['message.push.clicked', 'notificationClicked'],
  ['message.push.failed', 'notificationFailed'],
  ['message.push.unsubscribed', 'notificationUnsubscribed'],
]);

/**
 * Reads the events in the body of an Event Stream: one event, or a list. Whoever set up the stream chose the fields. A
 * field may be named `"event.kind"`, at the top or in a group as in OneSignal's example, or be an object in an object.
 * @throws ValidationError for an event without a kind
 */
export function webhookEvents(body: JsonValue, backend: string): WebhookEvent[] {
  return [body].flat().map((raw) => webhookEvent(raw, backend));
}

function webhookEvent(raw: JsonValue, backend: string): WebhookEvent {
  const kind = textIn(raw, 'event', 'kind');
  if (kind === undefined)
    throw new ValidationError(
      'An event of the webhook has no "event.kind": set the body of the Event Stream to the one in the guide to webhooks.',
      { backend },
    );
  const time = timeIn(raw);
  const base = {
    id: textIn(raw, 'event', 'id') ?? madeId(raw, time !== undefined),
    time: time ?? new Date(),
    backend,
    raw,
  };
  const type = types.get(kind);
  if (type === undefined) return { ...base, type: 'other', name: kind };
  const userId = textIn(raw, 'event', 'external_id') ?? textIn(raw, 'user', 'external_id');
  const notificationId = textIn(raw, 'message', 'id');
  return { ...base, type, notificationId, ...(userId !== undefined && { userId }) };
}

/** The time of an event: a date, or seconds since 1970. */
function timeIn(raw: unknown): Date | undefined {
  const times = [
    new Date(textIn(raw, 'event', 'datetime') ?? ''),
    new Date(Number(textIn(raw, 'event', 'timestamp') ?? Number.NaN) * 1000),
  ];
  return times.find((time) => !Number.isNaN(time.getTime()));
}

/** A field, unless it is empty. A template without a value leaves an empty text. */
function textIn(raw: unknown, owner: string, name: string): string | undefined {
  if (!isRecord(raw)) return undefined;
  const named = [raw, ...Object.values(raw)].map((part) => (isRecord(part) ? part[`${owner}.${name}`] : undefined));
  const inner = raw[owner];
  const value = named.find((found) => found !== undefined) ?? (isRecord(inner) ? inner[name] : undefined);
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
