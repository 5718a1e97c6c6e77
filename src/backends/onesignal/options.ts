import * as z from 'zod/mini';
import { ConfigurationError } from '../../core/errors.js';
import { settingsCheck } from '../../core/schema-check.js';
import { whole } from '../../core/schema-parts.js';
import { webhookSecret } from '../../webhooks/verify.js';
import { MAX_TIMEOUT_MS } from '../../wire/timers.js';
import { type GivenSdk, givenSdk } from '../sdk/given-sdk.js';
import { proxyOption } from '../sdk/provider-proxy.js';
import { identityKey } from './identity-token.js';
import { messageOptionsSchema, type OneSignalMessageOptions } from './message-options.js';
import { isLanguage } from './notification.js';

/**
 * Options of the onesignal backend.
 * @example
 * const recipient = (channel) => channel.replace('user-', '');
 * PushService.configure({ backend: 'onesignal', appId, secretKey, options: { recipient } });
 */
export interface OneSignalOptions {
  /** Address of the API. An address with `http:` also needs `useSsl: false`. @default 'https://api.onesignal.com' */
  apiRoot?: string | undefined;
  /**
   * The meaning of a channel: `'aliases'`, an alias of a user; `'subscriptions'`, the id of a subscription (one
   * device); `'segments'`, the name of a segment.
   * @default 'aliases'
   */
  target?: 'aliases' | 'subscriptions' | 'segments' | undefined;
  /**
   * The label of the aliases, with `target: 'aliases'`: `'onesignal_id'` or a label of your own.
   * @default 'external_id'
   */
  aliasLabel?: string | undefined;
  /**
   * Returns the recipient of a channel, for example `(channel) => channel.replace('user-', '')`. It is called several
   * times for a channel, and MUST always return the same.
   * @default the channel itself
   */
  recipient?: ((channel: string) => string) | undefined;
  /** The language of a notification without `locale`, as a BCP 47 tag. @default 'en' */
  language?: string | undefined;
  /** The `backendOptions` of every message. A message's own options replace them. @default none */
  defaults?: OneSignalMessageOptions | undefined;
  /**
   * Largest data of a notification, with the event's name and id, in UTF-8 bytes.
   * @default 2 048 (OneSignal's limit)
   */
  maxDataBytes?: number | undefined;
  /**
   * The secret that webhooks of an Event Stream must send in the header `Authorization: Bearer …`, because OneSignal
   * does not sign them: 16 or more characters. From a list, any secret is accepted, for example while you replace one.
   * @default none: webhooks are refused
   */
  webhookSecret?: string | readonly string[] | undefined;
  /**
   * Address of an HTTP proxy for all requests, such as `'http://user:password@10.0.0.1:3128'`.
   * @default what `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say
   */
  proxy?: string | undefined;
  /** Deadline of `cancel` and `viewNotification`, in milliseconds. @default 10 000 */
  requestTimeoutMs?: number | undefined;
  /**
   * The private key of Identity Verification: a PEM text (EC, P-256) from Settings > Keys & IDs. With it, clients log
   * in with a token, and nobody can log in as another user.
   * @default none: clients log in with the user's id alone
   */
  identityPrivateKey?: string | undefined;
  /** How long such a token is valid, in minutes; up to 43 200 (30 days). @default 60 */
  identityTokenTtlMinutes?: number | undefined;
  /**
   * What the package `onesignal-node` exports, or its class `Client`, if you load it yourself, as for a bundle.
   * @default the package is loaded
   */
  OneSignal?: GivenSdk | { readonly Client: unknown } | undefined;
}

/** The options that have a default. */
type FilledName =
  | 'apiRoot'
  | 'target'
  | 'aliasLabel'
  | 'language'
  | 'maxDataBytes'
  | 'requestTimeoutMs'
  | 'identityTokenTtlMinutes';

/** Checked options, with their defaults. */
export type CheckedOptions = { readonly [Name in FilledName]: NonNullable<OneSignalOptions[Name]> } & Omit<
  OneSignalOptions,
  FilledName
>;

const WHAT = "The onesignal backend's options";

/**
 * Largest data of a notification, in bytes. Source: https://documentation.onesignal.com/docs/osnotification-payload.
 */
const MAX_DATA_BYTES = 2048;

/** Longest validity of a token, in minutes: 30 days. Whoever steals a token is the user for that long. */
const MAX_TOKEN_MINUTES = 43_200;

const check: (options: unknown) => CheckedOptions = settingsCheck(WHAT, buildSchema);

function buildSchema() {
  const apiRoot = z.custom<string>(isApiRoot, 'must be an address such as "https://api.onesignal.com"');
  const aliasLabel = z.string().check(z.regex(/^[^\p{Cc}]{1,128}$/u, 'must be a name without control characters'));
  return z.strictObject({
    apiRoot: z._default(apiRoot, 'https://api.onesignal.com'),
    target: z._default(z.enum(['aliases', 'subscriptions', 'segments']), 'aliases'),
    aliasLabel: z._default(aliasLabel, 'external_id'),
    recipient: z.optional(z.custom<(channel: string) => string>(isFunction, 'must be a function')),
    language: z._default(z.custom<string>(isLanguage, 'must be a BCP 47 language tag such as "en" or "pt-BR"'), 'en'),
    defaults: z.optional(messageOptionsSchema()),
    maxDataBytes: z._default(whole(1), MAX_DATA_BYTES),
    webhookSecret: z.optional(webhookSecret()),
    proxy: proxyOption(),
    requestTimeoutMs: z._default(whole(1, MAX_TIMEOUT_MS), 10_000),
    identityPrivateKey: z.optional(
      z.custom<string>(
        (value) => typeof value === 'string' && identityKey(value) !== undefined,
        'must be a private key on the curve P-256, as a PEM text',
      ),
    ),
    identityTokenTtlMinutes: z._default(whole(1, MAX_TOKEN_MINUTES), 60),
    OneSignal: givenSdk('onesignal-node', 'Client'),
  });
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

function isApiRoot(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, username, password, search, hash } = new URL(value);
  return /^https?:$/.test(protocol) && username + password + search + hash === '';
}

/** Checks the options. @throws ConfigurationError that names each wrong option */
export function checkOptions(options: OneSignalOptions, useSsl: boolean): CheckedOptions {
  const checked = check(options);
  const isTls = new URL(checked.apiRoot).protocol === 'https:';
  if (isTls !== useSsl) {
    throw new ConfigurationError(
      isTls
        ? `${WHAT}: "useSsl" is false, but "apiRoot" begins with https:. Leave out "useSsl", because OneSignal requires TLS.`
        : `${WHAT}: "apiRoot" begins with http:, so the key would be sent in the clear. Write https:, or set "useSsl" to false for your own server.`,
      { backend: 'onesignal' },
    );
  }
  if (options.aliasLabel !== undefined && checked.target !== 'aliases') {
    throw new ConfigurationError(`${WHAT}: "aliasLabel" needs "target: 'aliases'".`, { backend: 'onesignal' });
  }
  return checked;
}
