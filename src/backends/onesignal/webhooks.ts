import { ValidationError } from '../../core/errors.js';
import type { NotificationEvent, WebhookEvent } from '../../webhooks/event.js';
import { madeId } from '../../webhooks/event-id.js';
import { isRecord } from '../../wire/is-record.js';
import type { JsonValue } from '../../wire/message.js';

/** Source: https://documentation.onesignal.com/docs/event-streams-data */
const types: ReadonlyMap<string, NotificationEvent['type']> = new Map([
  ['message.push.sent', 'notificationSent'],
  ['message.push.received', 'notificationDelivered'],
  ['message.push.clicked', 'notificationClicked'],
  ['message.push.failed', 'notificationFailed'],
  ['message.push.unsubscribed', 'notificationUnsubscribed'],
]);

/**
 * The events of an Event Stream's body: one, or a list of them. What is in one is the choice of who set the stream up: names are taken
 * with a period, as in `"event.kind"`, also within groups, as OneSignal's own example has them; and as an object within the other.
 * @throws ValidationError for one that does not say its kind
 */
export function webhookEvents(body: JsonValue, backend: string): WebhookEvent[] {
  return [body].flat().map((raw) => webhookEvent(raw, backend));
}

function webhookEvent(raw: JsonValue, backend: string): WebhookEvent {
  const kind = textIn(raw, 'event', 'kind');
  if (kind === undefined)
    throw new ValidationError(
      'An event of the webhook has no "event.kind": give the Event Stream the body that the documentation of webhooks shows.',
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

/** In seconds since 1970, or as a date. */
function timeIn(raw: unknown): Date | undefined {
  const times = [
    new Date(textIn(raw, 'event', 'datetime') ?? ''),
    new Date(Number(textIn(raw, 'event', 'timestamp') ?? Number.NaN) * 1000),
  ];
  return times.find((time) => !Number.isNaN(time.getTime()));
}

/** A field that is not empty: what a template has nothing for becomes an empty text. */
function textIn(raw: unknown, owner: string, name: string): string | undefined {
  if (!isRecord(raw)) return undefined;
  const named = [raw, ...Object.values(raw)].map((part) => (isRecord(part) ? part[`${owner}.${name}`] : undefined));
  const inner = raw[owner];
  const value = named.find((found) => found !== undefined) ?? (isRecord(inner) ? inner[name] : undefined);
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
