import type { PushError } from '../../core/errors.js';
import type { Redactor } from '../../core/redaction.js';
import { DeliveryError } from '../../core/report.js';
import { isRecord } from '../../wire/is-record.js';
import type { CheckedOptions } from './options.js';

/** Longest part of an answer that an error quotes, in characters. */
const MAX_REASON_LENGTH = 500;

type Redact = Redactor['redact'];

/** OneSignal's answer to a new notification. */
export interface Answer {
  /** The notification's id. Empty when none was created. */
  readonly id: string;
  /** The recipients that OneSignal names as invalid, or as opted out with one subscription or more. */
  readonly listed: ReadonlySet<string>;
  /** The reasons in words. Empty when OneSignal gives none. */
  readonly reasons: string;
}

/**
 * Reads the answer to a new notification. Its status is 200 even when nobody gets the notification. With an id, at
 * least one subscription was sent it.
 * Source: https://documentation.onesignal.com/reference/push-notification, the answer 200, and a maintainer's account
 * of it in https://github.com/OneSignal/onesignal-node-api/issues/82
 * @throws DeliveryError for an answer that OneSignal does not give
 */
export function readAnswer(body: unknown, redact: Redact): Answer {
  const { id, errors } = fieldsOf(body);
  const listed = listedIn(errors);
  const reasons = quoted(reasonsIn(errors), redact);
  if (typeof id === 'string') return { id, listed, reasons };
  if (reasons === '' && listed.size === 0) throw unreadable();
  return { id: '', listed, reasons };
}

/**
 * Makes the error for an unreadable answer. The notification may have been created, but a retry has the same
 * idempotency key.
 */
export function unreadable(): DeliveryError {
  return new DeliveryError('OneSignal answered with a success that cannot be read. Check the option "apiRoot".', {
    backend: 'onesignal',
    outcome: 'unknown',
    retryable: true,
  });
}

/** Makes the error for all recipients of a notification that was not created. */
export function notCreated({ reasons }: Answer): PushError {
  return new DeliveryError(`OneSignal created no notification: ${reasons || 'no recipient can get it'}`, {
    backend: 'onesignal',
    outcome: 'rejected',
    status: 200,
  });
}

/**
 * Makes the error for a recipient that OneSignal names, when it did create the notification. It names a user once for
 * each opted-out subscription, and the user's other devices may get the notification. A subscription is one device.
 */
export function namedAsInvalid(target: CheckedOptions['target']): PushError {
  const isDevice = target === 'subscriptions';
  return new DeliveryError(
    isDevice
      ? 'OneSignal did not send to this subscription: it has opted out, or its id is wrong.'
      : 'At least one device of this recipient has opted out, and did not get the notification. OneSignal does not tell whether another device got it.',
    { backend: 'onesignal', outcome: isDevice ? 'rejected' : 'unknown', status: 200 },
  );
}

/** The reason in an answer, in words. @param body the text of the answer, or its parsed JSON */
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

/** The fields of an object; none for any other value. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? { ...value } : {};
}

/**
 * The recipients in `{ invalid_aliases: { external_id: [] }, invalid_player_ids: [], … }`. OneSignal still calls the
 * ids of subscriptions player ids here.
 */
function listedIn(errors: unknown): ReadonlySet<string> {
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

/** The errors that do not name recipients. */
function othersIn(errors: unknown): readonly unknown[] {
  const others = Object.entries(fieldsOf(errors)).filter(([key]) => !namesRecipients(key));
  return others.length === 0 ? [] : [Object.fromEntries(others)];
}

/** Removes secrets, then cuts the text. In the other order, half a secret could stay. */
function quoted(text: string, redact: Redact): string {
  return redact(text).slice(0, MAX_REASON_LENGTH);
}
