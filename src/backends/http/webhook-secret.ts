import { z } from 'zod';
import { isSecret, SECRET_RULE } from '../../webhooks/shared-secret.js';

/** The option `webhookSecret` of backends whose provider signs nothing. */
export function webhookSecret(): z.ZodType<string | readonly string[]> {
  return z.custom<string | readonly string[]>((value) => {
    return Array.isArray(value) ? value.length > 0 && value.every(isSecret) : isSecret(value);
  }, SECRET_RULE);
}

/** What to do where the option is missing, for error messages. */
export const WEBHOOK_SECRET_ADVICE =
  'set the option "webhookSecret", and have the provider send it as the header "Authorization: Bearer …"';
