import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { AuthenticationError } from '../core/errors.js';
import type { WebhookRequest } from './source.js';

/**
 * How old a webhook of Pusher's kind may be, in milliseconds: the provider sends the same body, with the same time, for 5 minutes until it
 * is taken, and two clocks may differ by some more. Source: https://pusher.com/docs/channels/server_api/webhooks
 */
export const DEFAULT_MAX_AGE_MS = 600_000;
/** The largest age limit that can be set, in milliseconds. */
export const LARGEST_MAX_AGE_MS = 3_600_000;
/**
 * How long events are known by their ids, in milliseconds. A webhook is valid for its age limit before and after its time: for all of that
 * a second one is known to be a duplicate.
 */
export const KNOWN_FOR_MS: number = 2 * LARGEST_MAX_AGE_MS;

/** @throws AuthenticationError for a webhook that was sent too long ago, or is yet to be sent */
export function checkAge(time: number, maxAgeMs: number, backend: string): void {
  const age = Date.now() - time;
  if (Math.abs(age) <= maxAgeMs) return;
  const what = age > 0 ? `was sent ${Math.round(age / 1000)} s ago` : 'comes from the future';
  throw new AuthenticationError(
    `The webhook ${what}, and may be ${maxAgeMs / 1000} s off (option "webhookMaxAgeMs"): is this machine's clock right?`,
    { backend },
  );
}

/** What a secret must be, for error messages. */
const SECRET_RULE = 'must be 16 characters or more that a header can hold, or a list of such texts';

/** Whether a value is a secret that nobody guesses and that a header can hold. */
export function isSecret(value: unknown): boolean {
  return typeof value === 'string' && /^[\x21-\x7e]{16,}$/.test(value);
}

/**
 * Checks the webhook of a provider that signs nothing, but sends a header of one's own: `Authorization: Bearer SECRET`, or the secret alone.
 * @param secrets any of them will do
 * @throws AuthenticationError when none of them came
 */
export function checkSecret({ headers }: WebhookRequest, secrets: string | readonly string[], backend: string): void {
  const found = headers.get('authorization');
  if (found === null)
    throw new AuthenticationError(
      'The webhook has no Authorization header: have the provider send "Authorization: Bearer …" with the option "webhookSecret".',
      { backend },
    );
  const digest = digestOf(found.replace(/^Bearer +/i, ''));
  // Digests are of one length, and all are compared: the time tells nothing.
  const matches = [secrets].flat().filter((secret) => timingSafeEqual(digestOf(secret), digest));
  if (matches.length === 0)
    throw new AuthenticationError('The Authorization header of the webhook is not the option "webhookSecret".', {
      backend,
    });
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The option `webhookSecret` of backends whose provider signs nothing. */
export function webhookSecret(): z.ZodType<string | readonly string[]> {
  return z.custom<string | readonly string[]>((value) => {
    return Array.isArray(value) ? value.length > 0 && value.every(isSecret) : isSecret(value);
  }, SECRET_RULE);
}

/** What to do where the option is missing, for error messages. */
export const WEBHOOK_SECRET_ADVICE =
  'set the option "webhookSecret", and have the provider send it as the header "Authorization: Bearer …"';
