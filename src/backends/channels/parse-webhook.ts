import { createHash } from 'node:crypto';
import type { AppKeys } from '../../channels-protocol/client-auth.js';
import { isSameSignature, sign } from '../../channels-protocol/signature.js';
import { KEY_HEADER, SIGNATURE_HEADER } from '../../channels-protocol/webhooks.js';
import { AuthenticationError, ValidationError } from '../../errors.js';
import { isRecord } from '../../is-record.js';
import type { JsonValue } from '../../message.js';
import { checkAge } from '../../webhooks/age-limit.js';
import { jsonBody } from '../../webhooks/json-body.js';
import type { WebhookEvent } from '../../webhooks/webhook-event.js';
import type { WebhookRequest } from '../../webhooks/webhook-request.js';
import { webhookEvent } from './webhook-event.js';

/** Whose webhooks are taken. */
export interface WebhookTerms {
  readonly keys: readonly AppKeys[];
  readonly maxAgeMs: number;
  readonly backend: string;
}

/**
 * Verifies and reads a webhook of the Channels protocol. Its events have no ids: theirs are made of the body, which is the same each time
 * that it is sent, of the key that signed it, and of their place in it.
 * @throws AuthenticationError when none of the keys has signed it, or it is too old; ValidationError for a signed one that cannot be read
 */
export function parseWebhook(request: WebhookRequest, { keys, maxAgeMs, backend }: WebhookTerms): WebhookEvent[] {
  const key = checkSignature(request, keys, backend);
  const { rawBody } = request;
  const body = jsonBody(request, backend);
  const { time_ms: time, events } = isRecord(body) ? body : {};
  if (typeof time !== 'number' || !Array.isArray(events))
    throw new ValidationError('The webhook is signed, but its body is not { time_ms, events }.', { backend });
  checkAge(time, maxAgeMs, backend);
  // The key tells applications apart, to which the same may happen in the same millisecond.
  const digest = createHash('sha256').update(`${key}\n`).update(rawBody).digest('base64url');
  return events.map((raw: JsonValue, index) =>
    webhookEvent(raw, { id: `${digest}.${index}`, time: new Date(time), backend, raw }),
  );
}

/** Returns the public key that signed it. */
function checkSignature({ headers, rawBody }: WebhookRequest, keys: readonly AppKeys[], backend: string): string {
  const [key = '', signature = ''] = [KEY_HEADER, SIGNATURE_HEADER].map((name) => {
    const value = headers.get(name);
    if (value === null)
      throw new AuthenticationError(`The webhook is not signed: it has no ${name} header.`, { backend });
    return value;
  });
  const candidates = keys.filter(({ pubKey }) => pubKey === key);
  if (candidates.length === 0)
    throw new AuthenticationError(
      `The webhook's ${KEY_HEADER} is none of this application's keys: a further one goes into the option "webhookKeys".`,
      { backend },
    );
  if (!candidates.some(({ secretKey }) => isSameSignature(signature, sign(rawBody, secretKey))))
    throw new AuthenticationError(
      `The webhook's ${SIGNATURE_HEADER} is wrong: the secret is another one, or its body was changed on the way. It must be verified as it came, before anything parses it.`,
      { backend },
    );
  return key;
}
