import { z } from 'zod';
import type { AppKeys } from '../pusher-protocol/signature.js';
import { DEFAULT_MAX_AGE_MS, LARGEST_MAX_AGE_MS } from './verify.js';

/** The options of backends with Pusher's webhooks, checked. */
export interface CheckedWebhookOptions {
  readonly webhookKeys?: readonly AppKeys[] | undefined;
  readonly webhookMaxAgeMs: number;
}

/** The part of a backend's schema for these options. */
export function webhookOptions(): {
  webhookKeys: z.ZodOptional<z.ZodType<AppKeys[]>>;
  webhookMaxAgeMs: z.ZodDefault<z.ZodNumber>;
} {
  const text = z.string().min(1, 'must not be empty');
  return {
    webhookKeys: z.array(z.strictObject({ pubKey: text, secretKey: text })).optional(),
    webhookMaxAgeMs: z.number().int().min(1000).max(LARGEST_MAX_AGE_MS).default(DEFAULT_MAX_AGE_MS),
  };
}
