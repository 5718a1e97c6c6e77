import { z } from 'zod';
import { ConfigurationError } from '../core/errors.js';
import { settingsCheck } from '../core/schema-check.js';
import { isOriginPattern } from '../web/origins.js';
import { webhookOptions } from '../webhooks/options.js';
import { MAX_TIMEOUT_MS } from '../wire/timers.js';
import type { WebSocketOptions } from './options.js';
import { webhook } from './webhooks/options.js';

/** Names of the options that have no default. */
type UnfilledName = 'port' | 'host' | 'publicUrl' | 'apps' | 'webhooks' | 'webhookKeys' | 'allowedOrigins';

/** The options that have a default, with it filled in. */
export type FilledOptions = {
  readonly [Name in Exclude<keyof WebSocketOptions, UnfilledName>]-?: NonNullable<WebSocketOptions[Name]>;
};

/** Options that have been checked. */
export type CheckedOptions = FilledOptions & Pick<WebSocketOptions, UnfilledName>;

const MAX_TIMEOUT_SECONDS = Math.floor(MAX_TIMEOUT_MS / 1000);

/** A webhook with more events would be too large for many receivers, `PushService.webhook` among them. */
const MAX_WEBHOOK_BATCH_EVENTS = 500;

/** The options' name in errors. */
const TITLE = "The websocket backend's options";

/** Options whose default follows from other options. */
type DerivedName = 'messagesPerSecond' | 'bytesPerSecond';

/** The least default of `bytesPerSecond`. */
const MIN_BYTES_PER_SECOND = 262_144;

const check: (options: unknown) => Omit<CheckedOptions, DerivedName> & Pick<WebSocketOptions, DerivedName> =
  settingsCheck(TITLE, buildSchema);

function buildSchema() {
  const port = z.number().int().min(0).max(65_535);
  const publicUrl = z.custom<string>(
    isPublicUrl,
    'must be an address such as "wss://push.example.com", without a path',
  );
  return z.strictObject({
    port: port.optional(),
    host: text().optional(),
    publicUrl: publicUrl.optional(),
    apps: z.array(app()).optional(),
    webhooks: z.array(webhook()).optional(),
    webhookBatchMs: milliseconds().default(250),
    webhookBatchEvents: count().max(MAX_WEBHOOK_BATCH_EVENTS).default(20),
    webhookLeaveDelayMs: z.number().int().min(0).max(MAX_TIMEOUT_MS).default(3000),
    ...webhookOptions(),
    tlsOnly: z.boolean().default(false),
    maxConnections: count().default(Number.MAX_SAFE_INTEGER),
    sendBufferBytes: count().default(1_048_576),
    closeTimeoutMs: milliseconds().default(5000),
    requestTimeoutMs: milliseconds().default(10_000),
    cacheTtlMs: milliseconds().default(1_800_000),
    maxCachedChannels: count().default(10_000),
    ...limits(),
  });
}

function app() {
  return z.strictObject({
    appId: text(),
    pubKey: text(),
    secretKey: text(),
    enabled: z.boolean().optional(),
    maxConnections: count().optional(),
    clientEvents: z.boolean().optional(),
    webhooks: z.array(webhook()).optional(),
  });
}

/** The part of the schema for `WebSocketLimits`. */
function limits() {
  const origin = z.custom<string>(
    isOriginPattern,
    'must be an origin such as "https://example.com" or "https://*.example.com", without a path',
  );
  const seconds = z.number().min(0.1).max(MAX_TIMEOUT_SECONDS);
  return {
    allowedOrigins: z.array(origin).min(1).optional(),
    maxChannelsPerConnection: count().default(100),
    maxMessageBytes: count()
      .max(2 ** 30)
      .default(65_536),
    maxEventBytes: count()
      .max(2 ** 28)
      .default(10_240),
    clientEventsPerSecond: count().default(10),
    subscriptionsPerSecond: count().default(20),
    messagesPerSecond: count().optional(),
    bytesPerSecond: count().optional(),
    maxPresenceMembers: count().default(100),
    maxPresenceMemberBytes: count().default(1024),
    activityTimeoutSeconds: seconds.default(120),
    pongTimeoutSeconds: seconds.default(30),
  };
}

function text(): z.ZodString {
  return z.string().min(1, 'must not be empty');
}

function count(): z.ZodNumber {
  return z.number().int().min(1);
}

function milliseconds(): z.ZodNumber {
  return count().max(MAX_TIMEOUT_MS);
}

function isPublicUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const url = new URL(value);
  return (
    /^(?:wss?|https?):$/.test(url.protocol) &&
    url.pathname === '/' &&
    url.search === '' &&
    url.hash === '' &&
    url.username === ''
  );
}

/**
 * Checks the options and fills in the defaults.
 * @throws ConfigurationError naming each option that is wrong
 */
export function checkOptions(options: unknown): CheckedOptions {
  const checked = check(options);
  if (checked.host !== undefined && checked.port === undefined) {
    throw new ConfigurationError(`${TITLE}: "host" needs "port", without which the server does not listen.`, {
      backend: 'websocket',
    });
  }
  const { clientEventsPerSecond, subscriptionsPerSecond, maxEventBytes } = checked;
  const { messagesPerSecond = 4 * (clientEventsPerSecond + subscriptionsPerSecond) } = checked;
  const { bytesPerSecond = Math.max(MIN_BYTES_PER_SECOND, 2 * clientEventsPerSecond * maxEventBytes) } = checked;
  return { ...checked, messagesPerSecond, bytesPerSecond };
}
