import { z } from 'zod';
import { ConfigurationError } from '../core/errors.js';
import { settingsCheck } from '../core/schema-check.js';
import type { AppKeys } from '../pusher-protocol/signature.js';
import { isOriginPattern } from '../web/origins.js';
import { webhookOptions } from '../webhooks/options.js';
import { MAX_TIMEOUT_MS } from '../wire/timers.js';
import { type WebSocketWebhook, webhook } from './webhooks/options.js';

/** An application that the server serves. It has keys and channels of its own. */
export interface WebSocketApp {
  /** Names the application in the HTTP API: `/apps/APPID/…`. Digits alone: Python's and Go's libraries take no other. */
  appId: string;
  /** Names the application to browsers: `/app/KEY`. */
  pubKey: string;
  secretKey: string;
  /** Connections of a disabled application are refused with 4003, its HTTP requests with 403. @default true */
  enabled?: boolean | undefined;
  /** Connections at once; further ones are refused with 4004. @default no limit but the server's */
  maxConnections?: number | undefined;
  /** Whether clients may send each other `client-` events. @default true */
  clientEvents?: boolean | undefined;
  /** Webhooks that tell the application what happens on its channels. @default none */
  webhooks?: readonly WebSocketWebhook[] | undefined;
}

/** Options of the `websocket` backend: an embedded Channels server. Every limit has a default. */
export interface WebSocketOptions {
  /**
   * Port to listen on, without TLS; 0 takes a free one. For TLS, `attach` an `https.Server`.
   * @default does not listen
   */
  port?: number | undefined;
  /**
   * Address to listen on; `'127.0.0.1'` for this machine alone. The default is that of Node's `server.listen`, because
   * browsers, phones and the published port of a container all connect from outside. Signatures limit what they can do.
   * @default every interface
   */
  host?: string | undefined;
  /**
   * The address that browsers connect to, when it is another than the server's own, as behind a proxy:
   * `'wss://push.example.com'`.
   */
  publicUrl?: string | undefined;
  /** Further applications that are served beside the one in the settings. @default none */
  apps?: readonly WebSocketApp[] | undefined;
  /** Webhooks that tell the application in the settings what happens on its channels, as Pusher's do. @default none */
  webhooks?: readonly WebSocketWebhook[] | undefined;
  /** How long an event waits for others that go into the same webhook, in milliseconds. @default 250 (Pusher's) */
  webhookBatchMs?: number | undefined;
  /** Events in one webhook; 500 at most. @default 20 (Pusher's) */
  webhookBatchEvents?: number | undefined;
  /**
   * How long a `channel_vacated` or `member_removed` waits when a connection was lost, in milliseconds. When its client
   * is back in time, nothing is sent. Who unsubscribes or is sent away is told of at once. 0 does not wait.
   * @default 3 000 (Pusher's)
   */
  webhookLeaveDelayMs?: number | undefined;
  /**
   * Further keys that may sign incoming webhooks, for the time in which one key replaces another.
   * @default the settings' own alone
   */
  webhookKeys?: readonly AppKeys[] | undefined;
  /**
   * How far the time in an incoming webhook may be from this machine's, in milliseconds; 3 600 000 at most.
   * @default 600 000
   */
  webhookMaxAgeMs?: number | undefined;
  /**
   * Origins that may connect: `'https://example.com'`, `'https://*.example.com'` (subdomains at any depth, but not the
   * domain itself). Other origins, and `null`, are refused with 4009. A connection without an `Origin` header comes
   * from a program and is let in.
   * @default every origin
   */
  allowedOrigins?: readonly string[] | undefined;
  /**
   * Refuses connections without TLS with 4000. TLS that ends at a proxy counts when the proxy sends `X-Forwarded-Proto:
   * https`.
   * @default false
   */
  tlsOnly?: boolean | undefined;
  /** Connections at once over all applications; further ones are refused with 4100. @default no limit */
  maxConnections?: number | undefined;
  /** Channels that one connection may subscribe to. @default 100 (Pusher sets no limit) */
  maxChannelsPerConnection?: number | undefined;
  /** Size of a frame from a client, in bytes; a larger one closes the connection with 1009. @default 65 536 */
  maxMessageBytes?: number | undefined;
  /** Size of an event's data, in UTF-8 bytes. @default 10 240 (Pusher's, so that an event that fits here fits there) */
  maxEventBytes?: number | undefined;
  /**
   * Client events that a connection may send in a second; further ones are answered with error 4301.
   * @default 10 (Pusher's)
   */
  clientEventsPerSecond?: number | undefined;
  /**
   * How often a connection may subscribe, unsubscribe and sign in within a second. Before that it may do so twice
   * `maxChannelsPerConnection` times more, at once. Further subscriptions are refused with 429; unsubscribing counts
   * and is never refused. What sends more than 16 384 bytes to all members together counts once for each 16 384.
   * @default 20
   */
  subscriptionsPerSecond?: number | undefined;
  /**
   * Messages that a connection may send in a second, pings among them. Before that it may send 5 times as many, and two
   * for each of `maxChannelsPerConnection`, at once. The first one beyond is answered with an error; a connection that
   * goes on is closed with 4100.
   * @default 4 × (clientEventsPerSecond + subscriptionsPerSecond), which is 120
   */
  messagesPerSecond?: number | undefined;
  /**
   * Bytes that a connection may send in a second, and before that 5 times as many at once; see `messagesPerSecond`.
   * @default 2 × clientEventsPerSecond × maxEventBytes, at least 262 144
   */
  bytesPerSecond?: number | undefined;
  /**
   * Bytes that may wait for a slow reader before its connection is cut. A burst, which is more than that in one tick,
   * may wait until the client has read it; but never does more than 8 times as much wait for a connection.
   * @default 1 048 576
   */
  sendBufferBytes?: number | undefined;
  /** Users on one presence channel. @default 100 (Pusher's) */
  maxPresenceMembers?: number | undefined;
  /** Size of a member's `channel_data`, in UTF-8 bytes. @default 1 024 (Pusher's) */
  maxPresenceMemberBytes?: number | undefined;
  /**
   * Silence after which the server pings a client, in seconds. The client is told to ping after as long.
   * @default 120
   */
  activityTimeoutSeconds?: number | undefined;
  /** Time for the client's answer to a ping, in seconds; then its connection is closed with 4201. @default 30 */
  pongTimeoutSeconds?: number | undefined;
  /**
   * How long `close()` waits for clients and requests to end, and then as long for webhooks to be sent, in
   * milliseconds.
   * @default 5 000
   */
  closeTimeoutMs?: number | undefined;
  /**
   * How long the headers of a request may take to arrive, on the server's own port, and how long its body, in
   * milliseconds. A silent socket has as long. What is late is ended after up to a quarter more. @default 10 000
   */
  requestTimeoutMs?: number | undefined;
  /** How long a cache channel keeps its last event, in milliseconds. @default 1 800 000 (30 minutes, Pusher's) */
  cacheTtlMs?: number | undefined;
  /**
   * Cache channels of one application that keep an event. When there are more, the one written longest ago is dropped.
   * @default 10 000
   */
  maxCachedChannels?: number | undefined;
}

/** Names of the options that have a default. */
type FilledName =
  | 'tlsOnly'
  | 'maxConnections'
  | 'maxChannelsPerConnection'
  | 'maxMessageBytes'
  | 'maxEventBytes'
  | 'clientEventsPerSecond'
  | 'subscriptionsPerSecond'
  | 'messagesPerSecond'
  | 'bytesPerSecond'
  | 'sendBufferBytes'
  | 'maxPresenceMembers'
  | 'maxPresenceMemberBytes'
  | 'activityTimeoutSeconds'
  | 'pongTimeoutSeconds'
  | 'closeTimeoutMs'
  | 'webhookBatchMs'
  | 'webhookBatchEvents'
  | 'webhookLeaveDelayMs'
  | 'webhookMaxAgeMs'
  | 'requestTimeoutMs'
  | 'cacheTtlMs'
  | 'maxCachedChannels';

/** The options that have a default, with it filled in. */
export type FilledOptions = { readonly [Name in FilledName]: NonNullable<WebSocketOptions[Name]> };

/** Options that have been checked. */
export type CheckedOptions = FilledOptions & Omit<WebSocketOptions, FilledName>;

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
  settingsCheck(TITLE, buildSchema, [
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
    'exceptChannelPrefixes',
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
    webhookLeaveDelayMs: z.number().int().min(0).max(MAX_TIMEOUT_MS).default(3000),
    ...webhookOptions(),
    allowedOrigins: z.array(origin).min(1).optional(),
    tlsOnly: z.boolean().default(false),
    maxConnections: count.default(Number.MAX_SAFE_INTEGER),
    maxChannelsPerConnection: count.default(100),
    maxMessageBytes: count.max(2 ** 30).default(65_536),
    maxEventBytes: count.max(2 ** 28).default(10_240),
    clientEventsPerSecond: count.default(10),
    subscriptionsPerSecond: count.default(20),
    messagesPerSecond: count.optional(),
    bytesPerSecond: count.optional(),
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
