import { createHash, timingSafeEqual } from 'node:crypto';
import * as z from 'zod/mini';
import { AuthenticationError } from '../core/errors.js';
import type { WebhookHeaders } from './source.js';

/**
 * Default age limit of a webhook of Pusher, in milliseconds. Pusher repeats the same body, with the same time, for 5
 * minutes; two clocks may differ by some more. Source: https://pusher.com/docs/channels/server_api/webhooks
 */
export const DEFAULT_MAX_AGE_MS = 600_000;
/** Largest age limit, in milliseconds. */
export const LARGEST_MAX_AGE_MS = 3_600_000;
/**
 * How long ids of events are remembered, in milliseconds. A webhook is valid for its age limit before and after its
 * time, so duplicates can come for twice the limit.
 */
export const KNOWN_FOR_MS: number = 2 * LARGEST_MAX_AGE_MS;

/** Describes a secret in error messages. */
const SECRET_RULE =
  'must be a string of 16 or more printable ASCII characters without spaces, or a list of such strings';

/** Ends the error about a missing option `webhookSecret`. */
export const WEBHOOK_SECRET_ADVICE =
  'set the option "webhookSecret", and make the provider send it in the header "Authorization: Bearer …"';

/** Checks the time of a webhook. @throws AuthenticationError when it is too far in the past or in the future */
export function checkAge(time: number, maxAgeMs: number, backend: string): void {
  const age = Date.now() - time;
  if (Math.abs(age) <= maxAgeMs) return;
  const what = age > 0 ? `was sent ${Math.round(age / 1000)} s ago` : 'comes from the future';
  throw new AuthenticationError(
    `The webhook ${what}; its time may differ by ${maxAgeMs / 1000} s (option "webhookMaxAgeMs"). Check the clock of this machine.`,
    { backend },
  );
}

/** Whether a value is a secret that nobody can guess and a header can hold. */
export function isSecret(value: unknown): boolean {
  return typeof value === 'string' && /^[\x21-\x7e]{16,}$/.test(value);
}

/**
 * Checks the secret in the header `Authorization`, for providers that do not sign their webhooks: `Bearer SECRET`, or
 * the secret alone.
 * @param secrets the secrets of which one must match
 * @throws AuthenticationError when none matches
 */
export function checkSecret(headers: WebhookHeaders, secrets: string | readonly string[], backend: string): void {
  const found = headers.get('authorization');
  if (found === null)
    throw new AuthenticationError(
      'The webhook has no Authorization header: make the provider send "Authorization: Bearer …" with the secret of the option "webhookSecret".',
      { backend },
    );
  const digest = digestOf(found.replace(/^Bearer +/i, ''));
  // All secrets are compared as digests of one length, so the time reveals nothing.
  const matches = [secrets].flat().filter((secret) => timingSafeEqual(digestOf(secret), digest));
  if (matches.length === 0)
    throw new AuthenticationError(
      'The Authorization header of the webhook does not match the option "webhookSecret".',
      {
        backend,
      },
    );
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The schema of the option `webhookSecret`, for backends whose provider does not sign its webhooks. */
export function webhookSecret(): z.ZodMiniType<string | readonly string[]> {
  return z.custom<string | readonly string[]>((value) => {
    return Array.isArray(value) ? value.length > 0 && value.every(isSecret) : isSecret(value);
  }, SECRET_RULE);
}
