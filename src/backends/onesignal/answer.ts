import type { PushError } from '../../core/errors.js';
import type { Redactor } from '../../core/redaction.js';
import { DeliveryError } from '../../core/report.js';
import { isRecord } from '../../wire/is-record.js';

/** Longest part of an answer that an error quotes, in characters. */
const MAX_REASON_LENGTH = 500;

type Redact = Redactor['redact'];

/** What OneSignal says of a notification. */
export interface Answer {
  /** Empty when none was created. */
  readonly id: string;
  /** Recipients that do not get it. */
  readonly refused: ReadonlySet<string>;
  /** Why, where it says more than who. */
  readonly reasons: string;
}

/**
 * Reads the answer to a new notification, which is a success also when nobody gets it.
 * Source: https://documentation.onesignal.com/reference/push-notification, the answer 200
 * @throws DeliveryError when it is no answer of OneSignal's
 */
export function readAnswer(body: unknown, redact: Redact): Answer {
  const { id, errors } = fieldsOf(body);
  const refused = refusedBy(errors);
  const reasons = quoted(reasonsIn(errors), redact);
  if (typeof id === 'string') return { id, refused, reasons };
  if (reasons === '' && refused.size === 0) throw unreadable();
  return { id: '', refused, reasons };
}

/** The error of an answer that cannot be read: the notification may have been created. A second try has the same idempotency key. */
export function unreadable(): DeliveryError {
  return new DeliveryError('OneSignal answered with a success that cannot be read: is "apiRoot" right?', {
    backend: 'onesignal',
    outcome: 'unknown',
    retryable: true,
  });
}

/** The error of every recipient of a notification that was not created. */
export function notCreated({ reasons }: Answer): PushError {
  return new DeliveryError(`OneSignal created no notification: ${reasons || 'none of the recipients can get it'}`, {
    backend: 'onesignal',
    outcome: 'rejected',
    status: 200,
  });
}

/** The error of a recipient that does not get a notification that others do. */
export function notReached(): PushError {
  return new DeliveryError('OneSignal does not know this recipient, or has a device of theirs that has unsubscribed.', {
    backend: 'onesignal',
    outcome: 'rejected',
    status: 200,
  });
}

/** What an answer says in words. @param body its text or its parsed JSON */
export function reasonOf(body: unknown, redact: Redact): string {
  let found = body;
  if (typeof body === 'string') {
    try {
      found = JSON.parse(body);
    } catch {
      return quoted(body, redact);
    }
  }
  const { errors } = fieldsOf(found);
  return quoted(reasonsIn(errors) || JSON.stringify(errors ?? found ?? ''), redact);
}

/** The fields of an object, and none of anything else. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? { ...value } : {};
}

/** `{ invalid_aliases: { external_id: [] }, invalid_player_ids: [], … }`; the ids of subscriptions go by the name they had as players. */
function refusedBy(errors: unknown): ReadonlySet<string> {
  const lists = Object.entries(fieldsOf(errors)).flatMap(([key, list]) => {
    if (!namesRecipients(key)) return [];
    return key === 'invalid_aliases' ? Object.values(fieldsOf(list)) : [list];
  });
  const ids = lists.flat().filter((id) => typeof id === 'string' || typeof id === 'number');
  return new Set(ids.map(String));
}

function namesRecipients(key: string): boolean {
  return key.startsWith('invalid_');
}

function reasonsIn(errors: unknown): string {
  const list = typeof errors === 'string' ? [errors] : Array.isArray(errors) ? errors : othersIn(errors);
  const texts = list.map((error) => (typeof error === 'string' ? error : JSON.stringify(error)));
  return texts.join('; ');
}

/** What errors by name say besides who does not get it. */
function othersIn(errors: unknown): readonly unknown[] {
  const others = Object.entries(fieldsOf(errors)).filter(([key]) => !namesRecipients(key));
  return others.length === 0 ? [] : [Object.fromEntries(others)];
}

/** Secrets are taken out before the text is cut: half a secret would not be known as one. */
function quoted(text: string, redact: Redact): string {
  return redact(text).slice(0, MAX_REASON_LENGTH);
}
