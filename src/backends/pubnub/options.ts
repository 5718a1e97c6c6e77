import { z } from 'zod';
import { MAX_TIMEOUT_MS } from '../../core/durations.js';
import { REDACTED } from '../../core/redaction.js';
import { settingsCheck } from '../../core/schema-check.js';
import { webhookSecret } from '../../webhooks/verify.js';
import {
  DEFAULT_MESSAGE_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_NAME_LENGTH,
  MAX_TOKEN_MINUTES,
  MAX_TTL_HOURS,
} from './names.js';

/** Options of the `pubnub` backend. */
export interface PubNubOptions {
  /** Host of the service, with its port where that is not the usual one. @default 'ps.pndsn.com' */
  origin?: string | undefined;
  /** How this server appears to others: 1 to 92 characters. The same on each start, as PubNub bills by it. @default 'pushrail' */
  userId?: string | undefined;
  /** Encrypts messages, though not signals; whoever receives needs the same key. @default nothing is encrypted */
  cipherKey?: string | undefined;
  /** How messages are encrypted. Either decrypts both. @default 'aes-cbc' */
  cryptor?: 'aes-cbc' | 'legacy' | undefined;
  /** Whether the cryptor `'legacy'` uses a random initialisation vector; the same on both sides. @default true */
  useRandomIVs?: boolean | undefined;
  /** How long messages are stored, in hours; 0 for ever. @default as the key set has it */
  ttl?: number | undefined;
  /** Whether messages are stored. @default as the key set has it */
  storeInHistory?: boolean | undefined;
  /** Size of a message as it is sent, encrypted where it is, in bytes. PubNub takes 32 768 with address and headers. @default 30 000 */
  maxMessageBytes?: number | undefined;
  /**
   * Connections at once; all subscriptions together take one of them. Without this bound, version 12 opens more than there are requests.
   * @default as many as the setting `concurrency`, at least 2
   */
  maxSockets?: number | undefined;
  /** How long a request that is not a message may take, in milliseconds; messages have the `timeout` of the settings. @default 10 000 */
  requestTimeoutMs?: number | undefined;
  /** How long `subscribe` waits until PubNub has confirmed, in milliseconds. @default 10 000 */
  subscribeTimeoutMs?: number | undefined;
  /** How long the service may hold a subscription's request while nothing comes in, in whole seconds. @default 310 */
  longPollSeconds?: number | undefined;
  /** Which messages come in, in PubNub's filter language over their `meta`. @default all */
  filterExpression?: string | undefined;
  /** Whether presence hears nothing of it when this server unsubscribes. @default false */
  suppressLeaveEvents?: boolean | undefined;
  /** How long the token of `authorizeChannel` is valid, in minutes: 1 to 43 200. @default 60 */
  tokenTtlMinutes?: number | undefined;
  /** Key of the former Access Manager, version 2. @default none */
  authKey?: string | undefined;
  /** Token of Access Manager version 3, for a server without the secret key. `backend.api.setToken` renews it. @default none */
  token?: string | undefined;
  /**
   * What webhooks of Events & Actions must have as the header `Authorization: Bearer …`, because PubNub signs nothing: 16 characters or
   * more. Of a list any will do, as while one is replaced by another. @default no webhooks are taken
   */
  webhookSecret?: string | readonly string[] | undefined;
  /** The class that the package `pubnub` exports, where you load it yourself, as with a bundler. @default loaded from the package */
  PubNub?: (new (configuration: never) => object) | undefined;
}

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

/** What the SDK puts into addresses: made of the secret key, or as good as it. */
const inAddress = /\b(signature|auth|timestamp)=[^&\s"'#]*/gi;

/** A signature, version 2, as it stands alone in what PubNub says. */
const bareSignature = /(?<![\w-])v2\.[\w-]{43}(?![\w-])=?/g;

/** Replaces signatures and tokens in a text. */
export function withoutCredentials(text: string): string {
  return text.replace(inAddress, `$1=${REDACTED}`).replace(bareSignature, REDACTED);
}
