import { createHash } from 'node:crypto';
import { AuthenticationError, ValidationError } from '../../core/errors.js';
import { parseData } from '../../pusher-protocol/parse-message.js';
import { type AppKeys, isSameSignature, isSignature, sign } from '../../pusher-protocol/signature.js';
import { KEY_HEADER, SIGNATURE_HEADER } from '../../pusher-protocol/webhooks.js';
import type { OtherEvent, WebhookEvent, WebhookEventBase } from '../../webhooks/event.js';
import { jsonBody } from '../../webhooks/read.js';
import type { WebhookHeaders, WebhookRequest } from '../../webhooks/source.js';
import { checkAge } from '../../webhooks/verify.js';
import { record } from '../../wire/is-record.js';
import type { JsonValue } from '../../wire/message.js';

/** The keys that may sign a webhook, and its age limit. */
export interface WebhookTerms {
  readonly keys: readonly AppKeys[];
  readonly maxAgeMs: number;
  readonly backend: string;
}

/**
 * Verifies and reads a webhook of the Channels protocol. Its events have no ids, so each gets one made from the body,
 * the key that signed it, and the place of the event in it. The body is the same each time the webhook is sent.
 * @throws AuthenticationError for a wrong signature, and for a webhook that is too old
 * @throws ValidationError for a signed webhook that cannot be read
 */
export function parseWebhook(request: WebhookRequest, terms: WebhookTerms): WebhookEvent[] {
  const { maxAgeMs, backend } = terms;
  const key = checkSignature(request, terms);
  const { rawBody } = request;
  const body = jsonBody(request, backend);
  const { time_ms: time, events } = record(body);
  if (typeof time !== 'number' || !Array.isArray(events))
    throw new ValidationError('The webhook is signed, but its body is not { time_ms, events }.', { backend });
  checkAge(time, maxAgeMs, backend);
  // The key is included because the same may happen in two applications in the same millisecond.
  const digest = createHash('sha256').update(`${key}\n`).update(rawBody).digest('base64url');
  return events.map((raw: JsonValue, index) =>
    webhookEvent(raw, { id: `${digest}.${index}`, time: new Date(time), backend, raw }),
  );
}

/** The headers of a webhook that may be signed. */
interface SignedHeaders {
  readonly key: string;
  readonly signature: string;
  /** The keys with this public part, one or more. */
  readonly candidates: readonly AppKeys[];
}

/**
 * Checks the headers of a webhook.
 * @throws AuthenticationError without a key of the application, or without a signature of the right form
 */
export function checkHeaders(headers: WebhookHeaders, { keys, backend }: WebhookTerms): SignedHeaders {
  const [key = '', signature = ''] = [KEY_HEADER, SIGNATURE_HEADER].map((name) => {
    const value = headers.get(name);
    if (value === null)
      throw new AuthenticationError(`The webhook is not signed: it has no ${name} header.`, { backend });
    return value;
  });
  const candidates = keys.filter(({ pubKey }) => pubKey === key);
  if (candidates.length === 0)
    throw new AuthenticationError(
      `The webhook's ${KEY_HEADER} is not a key of this application. Add further keys to the option "webhookKeys".`,
      { backend },
    );
  if (!isSignature(signature))
    throw new AuthenticationError(
      `The webhook's ${SIGNATURE_HEADER} is no signature: it must be 64 hexadecimal digits in lower case.`,
      { backend },
    );
  return { key, signature, candidates };
}

/** Verifies the signature. @returns the public key that signed the webhook */
function checkSignature({ headers, rawBody }: WebhookRequest, terms: WebhookTerms): string {
  const { key, signature, candidates } = checkHeaders(headers, terms);
  if (!candidates.some(({ secretKey }) => isSameSignature(signature, sign(rawBody, secretKey))))
    throw new AuthenticationError(
      `The webhook's ${SIGNATURE_HEADER} is wrong: its sender has another secret, or its body was changed on the way. Pass the unchanged body, before anything parses it.`,
      { backend: terms.backend },
    );
  return key;
}

/** Reads one event of a webhook. An event of an unknown type, or without the fields of its type, becomes `other`. */
function webhookEvent(raw: unknown, base: WebhookEventBase): WebhookEvent {
  const fields = record(raw);
  const { name, channel } = fields;
  const other: OtherEvent = { ...base, type: 'other', name: typeof name === 'string' ? name : '' };
  return typeof channel === 'string' ? (typed(other.name, fields, { ...base, channel }) ?? other) : other;
}

function typed(
  name: string,
  fields: Readonly<Record<string, unknown>>,
  base: WebhookEventBase & { readonly channel: string },
): WebhookEvent | undefined {
  const userId = idOf(fields['user_id']);
  switch (name) {
    case 'channel_occupied':
      return { ...base, type: 'channelOccupied' };
    case 'channel_vacated':
      return { ...base, type: 'channelVacated' };
    case 'cache_miss':
      return { ...base, type: 'cacheMiss' };
    case 'member_added':
      return userId === undefined ? undefined : { ...base, type: 'memberAdded', userId };
    case 'member_removed':
      return userId === undefined ? undefined : { ...base, type: 'memberRemoved', userId };
    case 'subscription_count': {
      const subscriptionCount = countOf(fields['subscription_count']);
      return subscriptionCount === undefined ? undefined : { ...base, type: 'subscriptionCount', subscriptionCount };
    }
    case 'client_event': {
      const { event, data, socket_id: socketId } = fields;
      if (typeof event !== 'string') return undefined;
      return {
        ...base,
        type: 'clientEvent',
        event,
        data: parseData(data),
        ...(typeof socketId === 'string' && { socketId }),
        ...(userId !== undefined && { userId }),
      };
    }
    default:
      return undefined;
  }
}

/** A user's id as text. Some applications use numbers. */
function idOf(value: unknown): string | undefined {
  return typeof value === 'number' ? String(value) : typeof value === 'string' ? value : undefined;
}

/** A count. In Pusher's documentation it is a number in one place and a string in another. */
function countOf(value: unknown): number | undefined {
  const count = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof count === 'number' && Number.isInteger(count) ? count : undefined;
}
