import * as z from 'zod/mini';
import { REDACTED } from '../../core/redaction.js';
import { settingsCheck } from '../../core/schema-check.js';
import { nonEmpty, whole } from '../../core/schema-parts.js';
import { webhookSecret } from '../../webhooks/verify.js';
import { MAX_TIMEOUT_MS } from '../../wire/timers.js';
import { type GivenSdk, givenSdk } from '../sdk/given-sdk.js';
import { proxyOption } from '../sdk/provider-proxy.js';
import {
  DEFAULT_MESSAGE_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_NAME_LENGTH,
  MAX_TOKEN_MINUTES,
  MAX_TTL_HOURS,
} from './names.js';

/** Options of the `pubnub` backend. */
export interface PubNubOptions {
  /** Host of the service, with a port unless it is the scheme's own. @default 'ps.pndsn.com' */
  origin?: string | undefined;
  /**
   * User id of this server: 1 to 92 characters. Keep it the same on each start, because PubNub bills by user.
   * @default 'pushrail'
   */
  userId?: string | undefined;
  /** Key that encrypts messages, but not signals. Receivers need the same key. @default nothing is encrypted */
  cipherKey?: string | undefined;
  /** Cryptor that encrypts messages. Both decrypt the messages of either. @default 'aes-cbc' */
  cryptor?: 'aes-cbc' | 'legacy' | undefined;
  /** Whether the cryptor `'legacy'` uses random initialisation vectors. Receivers need the same value. @default true */
  useRandomIVs?: boolean | undefined;
  /** How long messages are stored, in hours; 0 means for ever. @default the setting of the key set */
  ttl?: number | undefined;
  /** Whether messages are stored. @default the setting of the key set */
  storeInHistory?: boolean | undefined;
  /**
   * Largest message as it is sent, after encryption, in bytes. PubNub: 32 768 with address and headers.
   * @default 30 000
   */
  maxMessageBytes?: number | undefined;
  /**
   * Most connections at once. All subscriptions together use one. Without a limit, version 12 of the SDK would open
   * more connections than there are requests.
   * @default as many as the setting `concurrency`, at least 2
   */
  maxSockets?: number | undefined;
  /**
   * Address of an HTTP proxy for all requests, such as `'http://user:password@10.0.0.1:3128'`.
   * @default what `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say, where Node is told to use them
   */
  proxy?: string | undefined;
  /**
   * Deadline of a request other than a message, in milliseconds. Messages have the setting `timeout` instead.
   * @default 10 000
   */
  requestTimeoutMs?: number | undefined;
  /** How long `subscribe` waits for PubNub to confirm, in milliseconds. @default 10 000 */
  subscribeTimeoutMs?: number | undefined;
  /** How long a subscription's request waits for messages, in whole seconds. @default 310 */
  longPollSeconds?: number | undefined;
  /** Filter of incoming messages, in PubNub's filter language over their `meta`. @default all messages come in */
  filterExpression?: string | undefined;
  /** Whether this server unsubscribes without an event for presence. @default false */
  suppressLeaveEvents?: boolean | undefined;
  /** Life of a token of `authorizeChannel`, in minutes: 1 to 43 200. @default 60 */
  tokenTtlMinutes?: number | undefined;
  /** Key of the former Access Manager, version 2. @default none */
  authKey?: string | undefined;
  /**
   * Token of Access Manager version 3, for a server without the secret key; `backend.api.setToken` renews it.
   * @default none
   */
  token?: string | undefined;
  /**
   * Secret of webhooks of Events & Actions, at least 16 characters. Webhooks send it as `Authorization: Bearer …`,
   * because PubNub does not sign them. Each secret of a list is valid, so that an old one can be replaced by a new one.
   * @default no webhooks are accepted
   */
  webhookSecret?: string | readonly string[] | undefined;
  /**
   * The class that the package `pubnub` exports, if you load it yourself, as for a bundle.
   * @default the package is loaded
   */
  PubNub?: GivenSdk | undefined;
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
  const text = nonEmpty();
  const milliseconds = whole(1, MAX_TIMEOUT_MS);
  const origin = z.custom<string>(
    isHostWithPort,
    'must be a host such as "ps.pndsn.com" or "127.0.0.1:8080", without https://',
  );
  const userId = z.custom<string>(
    isPubNubUserId,
    `must be a string of 1 to ${MAX_NAME_LENGTH} characters that is not blank`,
  );
  return z.strictObject({
    origin: z._default(origin, 'ps.pndsn.com'),
    userId: z._default(userId, 'pushrail'),
    cipherKey: z.optional(text),
    cryptor: z._default(z.enum(['aes-cbc', 'legacy']), 'aes-cbc'),
    useRandomIVs: z._default(z.boolean(), true),
    ttl: z.optional(whole(0, MAX_TTL_HOURS)),
    storeInHistory: z.optional(z.boolean()),
    maxMessageBytes: z._default(whole(100, MAX_MESSAGE_BYTES), DEFAULT_MESSAGE_BYTES),
    maxSockets: z.optional(whole(2)),
    proxy: proxyOption(),
    requestTimeoutMs: z._default(milliseconds, 10_000),
    subscribeTimeoutMs: z._default(milliseconds, 10_000),
    longPollSeconds: z._default(whole(1, Math.floor(MAX_TIMEOUT_MS / 1000)), 310),
    filterExpression: z.optional(text),
    suppressLeaveEvents: z._default(z.boolean(), false),
    tokenTtlMinutes: z._default(whole(1, MAX_TOKEN_MINUTES), 60),
    authKey: z.optional(text),
    token: z.optional(text),
    webhookSecret: z.optional(webhookSecret()),
    PubNub: givenSdk('pubnub', 'PubNub'),
  });
}

function isHostWithPort(value: unknown): boolean {
  // A parsed address drops the port of its own scheme; 443 stays with http, and 80 with https.
  return (
    typeof value === 'string' &&
    ['http', 'https'].some(
      (scheme) => URL.canParse(`${scheme}://${value}`) && new URL(`${scheme}://${value}`).host === value,
    )
  );
}

/** Whether a value is a user id. Source: https://www.pubnub.com/docs/general/setup/users-and-devices */
export function isPubNubUserId(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= MAX_NAME_LENGTH;
}

/** Parameters in the SDK's addresses that are made with the secret key or grant access. */
const inAddress = /\b(signature|auth|timestamp)=[^&\s"'#]*/gi;

/** A signature of version 2 that stands alone in a text of PubNub. */
const bareSignature = /(?<![\w-])v2\.[\w-]{43}(?![\w-])=?/g;

/** Replaces signatures and tokens in a text. */
export function withoutCredentials(text: string): string {
  return text.replace(inAddress, `$1=${REDACTED}`).replace(bareSignature, REDACTED);
}
