import { z } from 'zod';
import { ConfigurationError } from '../core/errors.js';
import { isPathPrefix, PATH_PREFIX_RULE } from '../core/path-prefix.js';
import { settingsCheck } from '../core/schema-check.js';
import { publicUrlOption } from '../pusher-protocol/public-url.js';
import { publishLimits } from '../pusher-protocol/publish-limits.js';
import { isOriginPattern } from '../web/origins.js';
import { webhookOptions } from '../webhooks/options.js';
import { MAX_TIMEOUT_MS } from '../wire/timers.js';
import type { WebSocketApp, WebSocketLimits, WebSocketOptions } from './options.js';
import { plainOption } from './plain/options.js';
import { webhook } from './webhooks/options.js';

/** Names of the options that have no default. */
type UnfilledName =
  | 'port'
  | 'host'
  | 'metricsPort'
  | 'path'
  | 'publicUrl'
  | 'plain'
  | 'apps'
  | 'webhooks'
  | 'webhookKeys'
  | 'allowedOrigins';

/** Options of which those that have a default have a value. */
type Filled<Options> = {
  readonly [Name in Exclude<keyof Options, UnfilledName>]-?: NonNullable<Options[Name]>;
} & Readonly<Pick<Options, Extract<keyof Options, UnfilledName>>>;

/** What the clients of an application may do. */
export type CheckedLimits = Filled<WebSocketLimits>;

/** An application that has been checked. Where it has no limit of its own, it has the server's. */
export interface CheckedApp extends Omit<WebSocketApp, keyof WebSocketLimits> {
  readonly limits: CheckedLimits;
}

/** Options that have been checked. Their limits are those of the application in the settings. */
export type CheckedOptions = Omit<Filled<WebSocketOptions>, 'apps'> & {
  readonly apps?: readonly CheckedApp[];
};

const MAX_TIMEOUT_SECONDS = Math.floor(MAX_TIMEOUT_MS / 1000);

/** A webhook with more events would be too large for many receivers, `PushService.webhook` among them. */
const MAX_WEBHOOK_BATCH_EVENTS = 500;

/** A member who is kept for longer is no more than a wrong list. */
const MAX_PRESENCE_LEAVE_DELAY_MS = 600_000;

/** The options' name in errors. */
const TITLE = "The websocket backend's options";

/** The least default of `bytesPerSecond`. */
const MIN_BYTES_PER_SECOND = 262_144;

/** Names of the options whose default follows from other options. */
type DerivedName = 'metricsHost' | 'messagesPerSecond' | 'bytesPerSecond';

/** Options of which those have no default yet. */
type Underived<Options> = Omit<Filled<Options>, DerivedName> & Pick<Options, Extract<keyof Options, DerivedName>>;

const check: (options: unknown) => Underived<WebSocketOptions> = settingsCheck(TITLE, buildSchema);

function buildSchema() {
  const port = z.number().int().min(0).max(65_535);
  return z.strictObject({
    port: port.optional(),
    host: text().optional(),
    metricsPort: port.optional(),
    metricsHost: text().optional(),
    path: z.custom<string>(isPathPrefix, PATH_PREFIX_RULE).optional(),
    publicUrl: publicUrlOption().optional(),
    plain: plainOption().optional(),
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
    webhooks: z.array(webhook()).optional(),
    ...ownLimits(),
  });
}

/** The part of the schema for `WebSocketLimits`. */
function limits() {
  const origin = z.custom<string>(
    (value) => value === '*' || isOriginPattern(value),
    'must be an origin such as "https://example.com" or "https://*.example.com", without a path',
  );
  const clientEvents = z.union([z.boolean(), z.enum(['members', 'all'])], 'must be true or "members", "all", or false');
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
    clientEvents: clientEvents.default(true),
    clientEventsPerSecond: count().default(10),
    clientEventExcess: z.enum(['refuse', 'close']).default('refuse'),
    subscriptionsPerSecond: count().default(20),
    messagesPerSecond: count().optional(),
    bytesPerSecond: count().optional(),
    maxPresenceMembers: count().default(100),
    maxPresenceMemberBytes: count().default(1024),
    presenceLeaveDelayMs: z.number().int().min(0).max(MAX_PRESENCE_LEAVE_DELAY_MS).default(0),
    authorizedConnections: z.boolean().default(false),
    authorizationTimeoutMs: milliseconds().default(30_000),
    subscriptionCounting: z.boolean().default(false),
    maxWatchedUsers: count().default(100),
    activityTimeoutSeconds: seconds.default(120),
    pongTimeoutSeconds: seconds.default(30),
    ...publishLimits(),
  };
}

/** The limits as an application may have its own: none has a default, because it has the server's then. */
function ownLimits() {
  const fields = Object.entries(limits()).map(([name, field]) => [
    name,
    'removeDefault' in field ? field.removeDefault().optional() : field,
  ]);
  return Object.fromEntries(fields) as {
    [Name in keyof WebSocketLimits]-?: z.ZodOptional<z.ZodType<WebSocketLimits[Name]>>;
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

/**
 * Checks the options and fills in the defaults.
 * @throws ConfigurationError naming each option that is wrong
 */
export function checkOptions(options: unknown): CheckedOptions {
  const checked = check(options);
  checkPorts(checked);
  const { apps, metricsHost = '127.0.0.1', ...server } = checked;
  return { ...derived(server), metricsHost, ...(apps !== undefined && { apps: checkedApps(apps, server) }) };
}

function checkedApps(apps: readonly WebSocketApp[], server: Underived<WebSocketLimits>): readonly CheckedApp[] {
  const names = Object.keys(limits()) as (keyof WebSocketLimits)[];
  return apps.map((app) => {
    const own = Object.fromEntries(names.map((name) => [name, app[name] ?? server[name]]));
    return { ...app, limits: derived(own as Underived<WebSocketLimits>) };
  });
}

/** Fills in the defaults that follow from other limits. */
function derived<Limits extends Underived<WebSocketLimits>>(limits: Limits): Limits & CheckedLimits {
  const { clientEventsPerSecond, subscriptionsPerSecond, maxEventBytes } = limits;
  const { messagesPerSecond = 4 * (clientEventsPerSecond + subscriptionsPerSecond) } = limits;
  const { bytesPerSecond = Math.max(MIN_BYTES_PER_SECOND, 2 * clientEventsPerSecond * maxEventBytes) } = limits;
  return { ...limits, messagesPerSecond, bytesPerSecond };
}

function checkPorts({ port, host, metricsPort, metricsHost }: WebSocketOptions): void {
  const fail = (problem: string): never => {
    throw new ConfigurationError(`${TITLE}: ${problem}`, { backend: 'websocket' });
  };
  if (host !== undefined && port === undefined) fail('"host" needs "port", without which the server does not listen.');
  if (metricsHost !== undefined && metricsPort === undefined)
    fail('"metricsHost" needs "metricsPort", without which the figures are served on no port.');
  if (metricsPort !== undefined && metricsPort === port && port !== 0)
    fail('"metricsPort" must be another one than "port": what pages reach is no place for figures.');
}
