import { z } from 'zod';
import { isOriginPattern } from '../../allowed-origins.js';
import { MAX_TIMEOUT_MS } from '../../durations.js';
import { ConfigurationError } from '../../errors.js';
import { settingsCheck } from '../../schema-check.js';
import { webhookOptions } from '../channels/webhook-options.js';
import type { WebSocketOptions } from './options.js';
import { webhook } from './webhooks/webhook-options.js';

/** Names of the options that have a default. */
type FilledName =
  | 'tlsOnly'
  | 'maxConnections'
  | 'maxChannelsPerConnection'
  | 'maxMessageBytes'
  | 'maxEventBytes'
  | 'clientEventsPerSecond'
  | 'subscriptionsPerSecond'
  | 'sendBufferBytes'
  | 'maxPresenceMembers'
  | 'maxPresenceMemberBytes'
  | 'activityTimeoutSeconds'
  | 'pongTimeoutSeconds'
  | 'closeTimeoutMs'
  | 'webhookBatchMs'
  | 'webhookBatchEvents'
  | 'webhookMaxAgeMs'
  | 'requestTimeoutMs'
  | 'cacheTtlMs'
  | 'maxCachedChannels';

/** The options that have a default, with it filled in. */
export type FilledOptions = { readonly [Name in FilledName]: NonNullable<WebSocketOptions[Name]> };

/** Options that have been checked. */
export type CheckedOptions = FilledOptions & Omit<WebSocketOptions, FilledName>;

const MAX_TIMEOUT_SECONDS = Math.floor(MAX_TIMEOUT_MS / 1000);

/** With more of them, a webhook would be larger than what receivers take, `PushService.webhook` among them. */
const MAX_WEBHOOK_BATCH_EVENTS = 500;

const WHAT = "The websocket backend's options";

const check: (options: unknown) => CheckedOptions = settingsCheck(WHAT, buildSchema, [
  'appId',
  'pubKey',
  'secretKey',
  'enabled',
  'maxConnections',
  'clientEvents',
  'webhooks',
  'url',
  'events',
  'channelPrefixes',
  'headers',
]);

function buildSchema() {
  const text = z.string().min(1, 'must not be empty');
  const count = z.number().int().min(1);
  const milliseconds = z.number().int().min(1).max(MAX_TIMEOUT_MS);
  const seconds = z.number().min(0.1).max(MAX_TIMEOUT_SECONDS);

  const app = z.strictObject({
    appId: text,
    pubKey: text,
    secretKey: text,
    enabled: z.boolean().optional(),
    maxConnections: count.optional(),
    clientEvents: z.boolean().optional(),
    webhooks: z.array(webhook()).optional(),
  });

  const origin = z.custom<string>(
    isOriginPattern,
    'must be an origin such as "https://example.com" or "https://*.example.com", without a path',
  );
  const publicUrl = z.custom<string>(
    isPublicUrl,
    'must be an address such as "wss://push.example.com", without a path',
  );

  return z.strictObject({
    port: z.number().int().min(0).max(65_535).optional(),
    host: text.optional(),
    publicUrl: publicUrl.optional(),
    apps: z.array(app).optional(),
    webhooks: z.array(webhook()).optional(),
    webhookBatchMs: milliseconds.default(250),
    webhookBatchEvents: count.max(MAX_WEBHOOK_BATCH_EVENTS).default(20),
    ...webhookOptions(),
    allowedOrigins: z.array(origin).min(1).optional(),
    tlsOnly: z.boolean().default(false),
    maxConnections: count.default(Number.MAX_SAFE_INTEGER),
    maxChannelsPerConnection: count.default(100),
    maxMessageBytes: count.max(2 ** 30).default(65_536),
    maxEventBytes: count.max(2 ** 28).default(10_240),
    clientEventsPerSecond: count.default(10),
    subscriptionsPerSecond: count.default(20),
    sendBufferBytes: count.default(1_048_576),
    maxPresenceMembers: count.default(100),
    maxPresenceMemberBytes: count.default(1024),
    activityTimeoutSeconds: seconds.default(120),
    pongTimeoutSeconds: seconds.default(30),
    closeTimeoutMs: milliseconds.default(5000),
    requestTimeoutMs: milliseconds.default(10_000),
    cacheTtlMs: milliseconds.default(1_800_000),
    maxCachedChannels: count.default(10_000),
  });
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

/** @throws ConfigurationError naming each option that is wrong */
export function checkOptions(options: unknown): CheckedOptions {
  const checked = check(options);
  if (checked.host !== undefined && checked.port === undefined) {
    throw new ConfigurationError(`${WHAT}: "host" needs "port", without which the server does not listen.`, {
      backend: 'websocket',
    });
  }
  return checked;
}
