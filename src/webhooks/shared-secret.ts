import { createHash, timingSafeEqual } from 'node:crypto';
import { AuthenticationError } from '../errors.js';
import type { WebhookRequest } from './webhook-request.js';

/** What a secret must be, for error messages. */
export const SECRET_RULE = 'must be 16 characters or more that a header can hold, or a list of such texts';

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
