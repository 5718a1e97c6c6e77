import * as z from 'zod/mini';
import { ConfigurationError } from '../core/errors.js';
import { isPathPrefix, PATH_PREFIX_RULE } from '../core/path-prefix.js';
import { settingsCheck } from '../core/schema-check.js';
import { nonEmpty, whole } from '../core/schema-parts.js';
import { publicUrlOption } from '../pusher-protocol/public-url.js';
import { publishLimits } from '../pusher-protocol/publish-limits.js';
import { isOriginPattern } from '../web/origins.js';
import { webhookOptions } from '../webhooks/options.js';
import { MAX_TIMEOUT_MS } from '../wire/timers.js';
import type { WebSocketApp, WebSocketLimits, WebSocketOptions } from './options.js';
import { plainOption } from './plain/options.js';
import type { Relay } from './relay/relay.js';
import { relayOfText } from './relay/relay-of-text.js';
import { relayOption } from './relay/relay-option.js';
import { webhook } from './webhooks/options.js';

/** Names of the options that have no default. */
type UnfilledName =
  | 'port'
  | 'host'
  | 'metricsPort'
  | 'path'
  | 'publicUrl'
  | 'plain'
  | 'relay'
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
export type CheckedOptions = Omit<Filled<WebSocketOptions>, 'apps' | 'relay'> & {
  readonly apps?: readonly CheckedApp[];
  readonly relay?: Relay;
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
type DerivedName = 'metricsHost' | 'relayFailure' | 'messagesPerSecond' | 'bytesPerSecond';

/** Options of which those have no default yet. */
type Underived<Options> = Omit<Filled<Options>, DerivedName> & Pick<Options, Extract<keyof Options, DerivedName>>;

const check: (options: unknown) => Underived<WebSocketOptions> = settingsCheck(TITLE, buildSchema);

function buildSchema() {
  const port = whole(0, 65_535);
  const count = whole(1);
  const milliseconds = whole(1, MAX_TIMEOUT_MS);
  return z.strictObject({
    port: z.optional(port),
    host: z.optional(nonEmpty()),
    metricsPort: z.optional(port),
    metricsHost: z.optional(nonEmpty()),
    path: z.optional(z.custom<string>(isPathPrefix, PATH_PREFIX_RULE)),
    publicUrl: z.optional(publicUrlOption()),
    plain: z.optional(plainOption()),
    relay: z.optional(relayOption()),
    serve: z._default(z.boolean(), true),
    relayFailure: z.optional(z.enum(['reject', 'local'])),
    // Made when it is needed: it has most of the schemas once more.
    apps: z.optional(z.lazy(() => z.array(app()))),
    webhooks: z.optional(z.array(webhook())),
    webhookBatchMs: z._default(milliseconds, 250),
    webhookBatchEvents: z._default(whole(1, MAX_WEBHOOK_BATCH_EVENTS), 20),
    webhookLeaveDelayMs: z._default(whole(0, MAX_TIMEOUT_MS), 3000),
    ...webhookOptions(),
    tlsOnly: z._default(z.boolean(), false),
    maxConnections: z._default(count, Number.MAX_SAFE_INTEGER),
    sendBufferBytes: z._default(count, 1_048_576),
    closeTimeoutMs: z._default(milliseconds, 5000),
    requestTimeoutMs: z._default(milliseconds, 10_000),
    cacheTtlMs: z._default(milliseconds, 1_800_000),
    maxCachedChannels: z._default(count, 10_000),
    ...limits(),
  });
}

function app() {
  return z.strictObject({
    appId: nonEmpty(),
    pubKey: nonEmpty(),
    secretKey: nonEmpty(),
    enabled: z.optional(z.boolean()),
    maxConnections: z.optional(whole(1)),
    webhooks: z.optional(z.array(webhook())),
    ...ownLimits(),
  });
}

/** The part of the schema for `WebSocketLimits`. */
function limits() {
  const origin = z.custom<string>(
    (value) => value === '*' || isOriginPattern(value),
    'must be an origin such as "https://example.com" or "https://*.example.com", without a path',
  );
  const flag = z.boolean();
  const count = whole(1);
  const clientEvents = z.union([flag, z.enum(['members', 'all'])], 'must be true or "members", "all", or false');
  const seconds = z.number().check(z.minimum(0.1), z.maximum(MAX_TIMEOUT_SECONDS));
  return {
    allowedOrigins: z.optional(z.array(origin).check(z.minLength(1))),
    maxChannelsPerConnection: z._default(count, 100),
    maxMessageBytes: z._default(whole(1, 2 ** 30), 65_536),
    maxEventBytes: z._default(whole(1, 2 ** 28), 10_240),
    clientEvents: z._default(clientEvents, true),
    clientEventsPerSecond: z._default(count, 10),
    clientEventExcess: z._default(z.enum(['refuse', 'close']), 'refuse'),
    subscriptionsPerSecond: z._default(count, 20),
    messagesPerSecond: z.optional(count),
    bytesPerSecond: z.optional(count),
    maxPresenceMembers: z._default(count, 100),
    maxPresenceMemberBytes: z._default(count, 1024),
    presenceLeaveDelayMs: z._default(whole(0, MAX_PRESENCE_LEAVE_DELAY_MS), 0),
    authorizedConnections: z._default(flag, false),
    authorizationTimeoutMs: z._default(whole(1, MAX_TIMEOUT_MS), 30_000),
    subscriptionCounting: z._default(flag, false),
    maxWatchedUsers: z._default(count, 100),
    activityTimeoutSeconds: z._default(seconds, 120),
    pongTimeoutSeconds: z._default(seconds, 30),
    ...publishLimits(),
  };
}

/** The limits as an application may have its own: none has a default, because it has the server's then. */
function ownLimits() {
  const fields = Object.entries(limits()).map(([name, field]) => [
    name,
    field instanceof z.ZodMiniDefault ? z.optional(field.def.innerType) : field,
  ]);
  return Object.fromEntries(fields) as {
    [Name in keyof WebSocketLimits]-?: z.ZodMiniOptional<z.ZodMiniType<WebSocketLimits[Name]>>;
  };
}

/**
 * Checks the options and fills in the defaults.
 * @throws ConfigurationError naming each option that is wrong
 */
export function checkOptions(options: unknown): CheckedOptions {
  const checked = check(options);
  checkPorts(checked);
  checkRelay(checked);
  const { apps, relay, metricsHost = '127.0.0.1', relayFailure = 'reject', ...server } = checked;
  return {
    ...derived(server),
    metricsHost,
    relayFailure,
    ...(relay && { relay: typeof relay === 'string' ? relayOfText(relay) : relay }),
    ...(apps !== undefined && { apps: checkedApps(apps, server) }),
  };
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
  if (host !== undefined && port === undefined) fail('"host" needs "port", without which the server does not listen.');
  if (metricsHost !== undefined && metricsPort === undefined)
    fail('"metricsHost" needs "metricsPort", without which the figures are served on no port.');
  if (metricsPort !== undefined && metricsPort === port && port !== 0)
    fail('"metricsPort" must be another one than "port": what pages reach is no place for figures.');
}

function checkRelay({ relay, serve, relayFailure, port }: WebSocketOptions): void {
  // An application that says `relay: false` where it runs alone leaves the rest as it is.
  if (relayFailure !== undefined && relay === undefined)
    fail('"relayFailure" needs "relay" or PUSH_RELAY; "relay: false" means that there is none.');
  if (serve !== false) return;
  if (!relay) fail('"serve: false" needs "relay" or PUSH_RELAY, without which nobody would hear what is sent.');
  if (port !== undefined) fail('"serve: false" excludes "port": a process that serves nobody listens on none.');
}

function fail(problem: string): never {
  throw new ConfigurationError(`${TITLE}: ${problem}`, { backend: 'websocket' });
}
