import { z } from 'zod';
import { MAX_TIMEOUT_MS } from '../../core/durations.js';
import { ConfigurationError } from '../../core/errors.js';
import { settingsCheck } from '../../core/schema-check.js';
import { webhookSecret } from '../../webhooks/verify.js';
import { identityKey } from './identity-token.js';
import { messageOptionsSchema, type OneSignalMessageOptions } from './message-options.js';
import { isLanguage } from './notification.js';

/** Options of the onesignal backend. */
export interface OneSignalOptions {
  /** Address of the API. One with `http:` needs `useSsl: false`. @default 'https://api.onesignal.com' */
  apiRoot?: string | undefined;
  /** What a channel is: an alias of a user, the id of a subscription (one device), or the name of a segment. @default 'aliases' */
  target?: 'aliases' | 'subscriptions' | 'segments' | undefined;
  /** The label of the aliases that channels are, for `target: 'aliases'`: `'onesignal_id'`, or one of your own. @default 'external_id' */
  aliasLabel?: string | undefined;
  /**
   * The recipient that a channel stands for, such as `(channel) => channel.replace('user-', '')`. Called more than once for the same
   * channel; MUST always return the same. @default the channel itself
   */
  recipient?: ((channel: string) => string) | undefined;
  /** BCP 47 tag of the language of a notification that has no `locale`. @default 'en' */
  language?: string | undefined;
  /** `backendOptions` for every message; a message's own go before them. @default none */
  defaults?: OneSignalMessageOptions | undefined;
  /** Size of a notification's data with the event's name and id, in UTF-8 bytes. @default 2 048 (OneSignal's) */
  maxDataBytes?: number | undefined;
  /**
   * What the webhooks of an Event Stream must have as the header `Authorization: Bearer …`, because OneSignal signs nothing: 16 characters
   * or more. Of a list any will do, as while one is replaced by another. @default no webhooks are taken
   */
  webhookSecret?: string | readonly string[] | undefined;
  /** How long `cancel` and `viewNotification` wait for an answer, in milliseconds. @default 10 000 */
  requestTimeoutMs?: number | undefined;
  /**
   * The private key of Identity Verification, a PEM text (EC, P-256) from Settings > Keys & IDs. With it, users' clients are signed in by a
   * token, and OneSignal lets nobody pass for another. @default none: clients log in by the user's id alone
   */
  identityPrivateKey?: string | undefined;
  /** How long such a token is valid, in minutes. @default 60 */
  identityTokenTtlMinutes?: number | undefined;
}

/** Names of the options that have a default. */
type FilledName =
  | 'apiRoot'
  | 'target'
  | 'aliasLabel'
  | 'language'
  | 'maxDataBytes'
  | 'requestTimeoutMs'
  | 'identityTokenTtlMinutes';

/** Options that have been checked, with their defaults filled in. */
export type CheckedOptions = { readonly [Name in FilledName]: NonNullable<OneSignalOptions[Name]> } & Omit<
  OneSignalOptions,
  FilledName
>;

const WHAT = "The onesignal backend's options";

/** Size of a notification's data, in bytes. Source: https://documentation.onesignal.com/docs/osnotification-payload. */
const MAX_DATA_BYTES = 2048;

/** A month: whoever has a token is the user for as long. */
const MAX_TOKEN_MINUTES = 43_200;

const messageKeys = () => Object.keys(messageOptionsSchema().shape);

let check: ((options: unknown) => CheckedOptions) | undefined;

function buildSchema() {
  const apiRoot = z.custom<string>(isApiRoot, 'must be an address such as "https://api.onesignal.com"');
  const aliasLabel = z.string().regex(/^[^\p{Cc}]{1,128}$/u, 'must be a name without control characters');
  return z.strictObject({
    apiRoot: apiRoot.default('https://api.onesignal.com'),
    target: z.enum(['aliases', 'subscriptions', 'segments']).default('aliases'),
    aliasLabel: aliasLabel.default('external_id'),
    recipient: z.custom<(channel: string) => string>(isFunction, 'must be a function').optional(),
    language: z.custom<string>(isLanguage, 'must be a BCP 47 language tag such as "en" or "pt-BR"').default('en'),
    defaults: messageOptionsSchema().optional(),
    maxDataBytes: z.number().int().min(1).default(MAX_DATA_BYTES),
    webhookSecret: webhookSecret().optional(),
    requestTimeoutMs: z.number().int().min(1).max(MAX_TIMEOUT_MS).default(10_000),
    identityPrivateKey: z
      .custom<string>(
        (value) => typeof value === 'string' && identityKey(value) !== undefined,
        'must be a private key on the curve P-256, as a PEM text',
      )
      .optional(),
    identityTokenTtlMinutes: z.number().int().min(1).max(MAX_TOKEN_MINUTES).default(60),
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

/** @throws ConfigurationError naming each option that is wrong */
export function checkOptions(options: OneSignalOptions, useSsl: boolean): CheckedOptions {
  check ??= settingsCheck(WHAT, buildSchema, messageKeys());
  const checked = check(options);
  const isTls = new URL(checked.apiRoot).protocol === 'https:';
  if (isTls !== useSsl) {
    throw new ConfigurationError(
      isTls
        ? `${WHAT}: "useSsl" is false, but "apiRoot" begins with https:. Leave "useSsl" out; OneSignal takes nothing but TLS.`
        : `${WHAT}: "apiRoot" begins with http:, so the key would go in the clear. Write https:, or set "useSsl" to false for a server of your own.`,
      { backend: 'onesignal' },
    );
  }
  if (options.aliasLabel !== undefined && checked.target !== 'aliases') {
    throw new ConfigurationError(`${WHAT}: "aliasLabel" needs "target: 'aliases'".`, { backend: 'onesignal' });
  }
  return checked;
}
