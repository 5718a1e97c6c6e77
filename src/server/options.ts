import type { PublishLimits } from '../pusher-protocol/publish-limits.js';
import type { AppKeys } from '../pusher-protocol/signature.js';
import type { PlainPath } from './plain/options.js';
import type { Relay } from './relay/relay.js';
import type { WebSocketWebhook } from './webhooks/options.js';

// The options as an application writes them. `checked-options.ts` checks them and has the defaults. An option is
// written twice: here, and in its schema. One without a default stands in a list there, too.

/**
 * What the clients of an application may do, and what may be published to it. The server's options have these for the
 * application in the settings, and for each of `apps` that has no value of its own.
 */
export interface WebSocketLimits extends PublishLimits {
  /**
   * Origins that may connect: `'https://example.com'`, `'https://*.example.com'` (subdomains at any depth, but not the
   * domain itself). Other origins, and `null`, are refused with 4009. A connection without an `Origin` header comes
   * from a program and is let in. `'*'` allows every origin, for an application on a server with a list.
   * @default every origin
   */
  allowedOrigins?: readonly string[] | undefined;
  /** Channels that one connection may subscribe to. @default 100 (Pusher sets no limit) */
  maxChannelsPerConnection?: number | undefined;
  /** Size of a frame from a client, in bytes; a larger one closes the connection with 1009. @default 65 536 */
  maxMessageBytes?: number | undefined;
  /** Size of an event's data, in UTF-8 bytes. @default 10 240 (Pusher's, so that an event that fits here fits there) */
  maxEventBytes?: number | undefined;
  /**
   * Who may send `client-` events to a private or presence channel. `true` and `'members'`: its subscribers. `'all'`:
   * every connection, so everyone who knows the public key, which is in your pages. `false`: nobody.
   * @default true
   */
  clientEvents?: boolean | 'members' | 'all' | undefined;
  /** Client events that a connection may send in a second; see `clientEventExcess`. @default 10 (Pusher's) */
  clientEventsPerSecond?: number | undefined;
  /**
   * What becomes of further client events. `'refuse'`: each is answered with error 4301, as at Pusher. `'close'`: the
   * connection is closed with 4100, after which `pusher-js` waits before it connects again.
   * @default 'refuse'
   */
  clientEventExcess?: 'refuse' | 'close' | undefined;
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
  /** Users on one presence channel. @default 100 (Pusher's) */
  maxPresenceMembers?: number | undefined;
  /** Size of a member's `channel_data`, in UTF-8 bytes. @default 1 024 (Pusher's) */
  maxPresenceMemberBytes?: number | undefined;
  /**
   * How long a presence channel keeps a member whose connection was lost, in milliseconds. When the user is back in
   * time, as after a reload of the page, the other members hear nothing. Meanwhile `users()` and the counts of users
   * have the member, who counts against `maxPresenceMembers`. Who unsubscribes or is sent away leaves at once. Webhooks
   * wait as long, or for `webhookLeaveDelayMs` where that is longer. Of more than 100 000 who are kept, the first
   * leaves. Where a relay joins several nodes, the members of a node that closes are kept as long, and up to 5 seconds
   * more. Up to 600 000.
   * @default 0 (as at Pusher, which tells pages at once)
   */
  presenceLeaveDelayMs?: number | undefined;
  /**
   * Closes with 4009 what does not sign in, or subscribe to a private or presence channel, within
   * `authorizationTimeoutMs`. Until then it does not count against the `maxConnections` of its application. Source:
   * https://pusher.com/docs/channels/using_channels/authorized-connections
   * @default false (as at Pusher, where it is a setting too)
   */
  authorizedConnections?: boolean | undefined;
  /**
   * How long a connection may take for it, in milliseconds.
   * @default 30 000 (what is reported of Pusher, whose document gives no time; soketi's, too)
   */
  authorizationTimeoutMs?: number | undefined;
  /**
   * Whether the subscribers of a channel hear how many they are, but on presence channels: `pusher:subscription_count`
   * in `pusher-js`. Up to 100 hear of each change, more every 5 seconds.
   * @default false (as at Pusher, where it is a setting too)
   */
  subscriptionCounting?: boolean | undefined;
  /**
   * Users in the watch list of one user. Of a longer list the first ones are watched, and the client gets error 4302.
   * @default 100 (Pusher's)
   */
  maxWatchedUsers?: number | undefined;
  /**
   * Silence after which the server pings a client, in seconds. The client is told to ping after as long.
   * @default 120
   */
  activityTimeoutSeconds?: number | undefined;
  /** Time for the client's answer to a ping, in seconds; then its connection is closed with 4201. @default 30 */
  pongTimeoutSeconds?: number | undefined;
}

/** An application that the server serves. It has keys and channels of its own, and limits where they differ. */
export interface WebSocketApp extends WebSocketLimits {
  /**
   * Names the application in the HTTP API: `/apps/APPID/…`. Digits alone: Python's and Go's libraries take no other.
   */
  appId: string;
  /** Names the application to browsers: `/app/KEY`. */
  pubKey: string;
  secretKey: string;
  /** Connections of a disabled application are refused with 4003, its HTTP requests with 403. @default true */
  enabled?: boolean | undefined;
  /** Connections at once; further ones are refused with 4004. @default no limit but the server's */
  maxConnections?: number | undefined;
  /** Webhooks that tell the application what happens on its channels. @default none */
  webhooks?: readonly WebSocketWebhook[] | undefined;
}

/** Options of the `websocket` backend: an embedded Channels server. */
export interface WebSocketOptions extends WebSocketLimits {
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
   * Port of its own for `GET /metrics`, figures for Prometheus, and for `GET /up`; 0 takes a free one. Both are without
   * TLS, and answer whoever asks.
   * @default none; `backend.api.metrics()` has the same figures
   */
  metricsPort?: number | undefined;
  /**
   * Address to listen on for figures; `'0.0.0.0'` when they are read from another machine or container.
   * @default '127.0.0.1'
   */
  metricsHost?: string | undefined;
  /**
   * What stands before `/app/KEY` and `/apps/APPID` here, such as `'/ws'`, for a proxy that hands on the whole path. On
   * servers that it is attached to, the server takes only what is below; on its own port also what has no prefix.
   * @default nothing
   */
  path?: string | undefined;
  /**
   * The address that browsers connect to, when it is another than the server's own, as behind a proxy:
   * `'wss://push.example.com'`, or `'wss://example.com/ws'` for a proxy that takes the path off.
   */
  publicUrl?: string | undefined;
  /**
   * Paths that take WebSockets without a protocol: a page gets the messages of one channel as `{ event, data, id }`,
   * and may send nothing. A path is a pattern as in `authorize`, such as `'/ws/{channel}'`, and stands as it arrives
   * here, whatever `path` says. The rules of `authorize` decide who may hear a channel that is not public.
   * @default none
   */
  plain?: Readonly<Record<string, PlainPath>> | undefined;
  /**
   * Joins this server to those of other processes and machines: what one publishes is heard on all, and they count
   * their clients together. A relay, or the address of a Redis: `'redis://user:password@host:6379'`, `'rediss://…'` for
   * TLS, with `?prefix=shop:` for an environment that shares it with others. `false`: none, whatever the environment
   * says.
   * @default PUSH_RELAY of the environment, else none
   */
  relay?: Relay | string | false | undefined;
  /**
   * Whether clients may connect to this process. `false` publishes to the other nodes, and hears by `subscribe`, as a
   * worker or a cron job does; it needs `relay`, and has no `port`.
   * @default true
   */
  serve?: boolean | undefined;
  /**
   * What becomes of a message while the relay is away. `'reject'`: it is refused, and can be sent again. `'local'`: it
   * is delivered to the clients of this node alone, and the report says so. Needs `relay`.
   * @default 'reject'
   */
  relayFailure?: 'reject' | 'local' | undefined;
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
   * Refuses connections without TLS with 4000. TLS that ends at a proxy counts when the proxy sends `X-Forwarded-Proto:
   * https`.
   * @default false
   */
  tlsOnly?: boolean | undefined;
  /** Connections at once over all applications; further ones are refused with 4100. @default no limit */
  maxConnections?: number | undefined;
  /**
   * Bytes that may wait for a slow reader before its connection is cut. A burst, which is more than that in one tick,
   * may wait until the client has read it; but never does more than 8 times as much wait for a connection.
   * @default 1 048 576
   */
  sendBufferBytes?: number | undefined;
  /**
   * How long `close()` waits for clients and requests to end, and then as long for webhooks to be sent, in
   * milliseconds. With a relay that does not answer it takes up to 10 seconds more.
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
