import { z } from 'zod';
import { MAX_TIMEOUT_MS } from '../../durations.js';
import { settingsCheck } from '../../schema-check.js';
import { webhookSecret } from '../http/webhook-secret.js';
import {
  DEFAULT_MESSAGE_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_NAME_LENGTH,
  MAX_TOKEN_MINUTES,
  MAX_TTL_HOURS,
} from './limits.js';
import type { PubNubOptions } from './pubnub-options.js';

/** Names of the options that have a default. */
type FilledName =
  | 'origin'
  | 'userId'
  | 'cryptor'
  | 'useRandomIVs'
  | 'maxMessageBytes'
  | 'requestTimeoutMs'
  | 'subscribeTimeoutMs'
  | 'longPollSeconds'
  | 'suppressLeaveEvents'
  | 'tokenTtlMinutes';

/** Options that have been checked, with the defaults filled in. */
export type CheckedOptions = { readonly [Name in FilledName]: NonNullable<PubNubOptions[Name]> } & Readonly<
  Omit<PubNubOptions, FilledName>
>;

/** @throws ConfigurationError naming each option that is wrong */
export const checkOptions: (options: unknown) => CheckedOptions = settingsCheck(
  "The pubnub backend's options",
  buildSchema,
);

function buildSchema() {
  const text = z.string().min(1, 'must not be empty');
  const milliseconds = z.number().int().min(1).max(MAX_TIMEOUT_MS);
  const origin = z.custom<string>(
    isHost,
    'must be a host such as "ps.pndsn.com" or "127.0.0.1:8080", without https://',
  );
  const userId = z.custom<string>(isUserId, `must be a string of 1 to ${MAX_NAME_LENGTH} characters that is not blank`);
  const sdk = z.custom<NonNullable<PubNubOptions['PubNub']>>(
    (value) => typeof value === 'function',
    'must be the class that the package "pubnub" exports',
  );
  return z.strictObject({
    origin: origin.default('ps.pndsn.com'),
    userId: userId.default('pushrail'),
    cipherKey: text.optional(),
    cryptor: z.enum(['aes-cbc', 'legacy']).default('aes-cbc'),
    useRandomIVs: z.boolean().default(true),
    ttl: z.number().int().min(0).max(MAX_TTL_HOURS).optional(),
    storeInHistory: z.boolean().optional(),
    maxMessageBytes: z.number().int().min(100).max(MAX_MESSAGE_BYTES).default(DEFAULT_MESSAGE_BYTES),
    maxSockets: z.number().int().min(2).optional(),
    requestTimeoutMs: milliseconds.default(10_000),
    subscribeTimeoutMs: milliseconds.default(10_000),
    longPollSeconds: z
      .number()
      .int()
      .min(1)
      .max(Math.floor(MAX_TIMEOUT_MS / 1000))
      .default(310),
    filterExpression: text.optional(),
    suppressLeaveEvents: z.boolean().default(false),
    tokenTtlMinutes: z.number().int().min(1).max(MAX_TOKEN_MINUTES).default(60),
    authKey: text.optional(),
    token: text.optional(),
    webhookSecret: webhookSecret().optional(),
    PubNub: sdk.optional(),
  });
}

function isHost(value: unknown): boolean {
  // An address leaves out the port that is usual for its scheme, which either of the two here is not.
  return (
    typeof value === 'string' &&
    ['http', 'https'].some(
      (scheme) => URL.canParse(`${scheme}://${value}`) && new URL(`${scheme}://${value}`).host === value,
    )
  );
}

/** Whether a text names a user. Source: https://www.pubnub.com/docs/general/setup/users-and-devices */
export function isUserId(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= MAX_NAME_LENGTH;
}
