import * as z from 'zod/mini';
import { nonEmpty, whole } from '../core/schema-parts.js';
import type { AppKeys } from '../pusher-protocol/signature.js';
import { DEFAULT_MAX_AGE_MS, LARGEST_MAX_AGE_MS } from './verify.js';

/** The options of backends with Pusher's webhooks, checked. */
export interface CheckedWebhookOptions {
  readonly webhookKeys?: readonly AppKeys[] | undefined;
  readonly webhookMaxAgeMs: number;
}

/** The part of a backend's schema for these options. */
export function webhookOptions(): {
  webhookKeys: z.ZodMiniOptional<z.ZodMiniType<AppKeys[]>>;
  webhookMaxAgeMs: z.ZodMiniDefault<z.ZodMiniNumber<number>>;
} {
  const text = nonEmpty();
  return {
    webhookKeys: z.optional(z.array(z.strictObject({ pubKey: text, secretKey: text }))),
    webhookMaxAgeMs: z._default(whole(1000, LARGEST_MAX_AGE_MS), DEFAULT_MAX_AGE_MS),
  };
}
