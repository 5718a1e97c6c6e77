import { isPresence } from '../../pusher-protocol/names.js';
import type { AppKeys } from '../../pusher-protocol/signature.js';
import type { WireEvent } from '../../pusher-protocol/webhooks.js';
import type { AppRelay } from '../relay/app-relay.js';
import { itemOf } from '../relay/item-text.js';
import type { LogEntry } from '../relay/relay.js';
import { WaitingLine } from '../waiting-line.js';
import type { AppEvents } from './app-events.js';
import { takes } from './filter.js';
import { readerName, topicsIn } from './log-names.js';
import { LogSource } from './log-source.js';
import type { BodyLimits } from './memory-source.js';
import type { WebSocketWebhook } from './options.js';
import { type WebhookHost, WebhookReport } from './report.js';
import { type BatchLimits, WebhookSender } from './sender.js';

/**
 * What webhooks know to be there: the set of the channel's topic that has it, and the events when it comes and leaves.
 */
const states = [
  { set: 'hook-channel', came: 'channel_occupied', left: 'channel_vacated', leavesLast: true },
  { set: 'hook-members', came: 'member_added', left: 'member_removed', leavesLast: false },
] as const;
/** The name of the log, and what those of its topics begin with, as `AppRelay.topicOf` takes it. */
const LOG = '!webhooks';
/**
 * Each node looks so often during a lease for a reader that has died. Each time it looks at as many of the partitions.
 */
const LOOKS = 3;

interface SharedLimits extends BatchLimits, BodyLimits {
  /** How long other nodes keep what is there of presence channels when this one closes, in milliseconds. */
  readonly lingerMs: number;
}

const nothing = new Uint8Array();

/** Events that may wait for a relay that is away. Those of channels and members are not among them: they are held. */
const MAX_APPENDING = 1000;

interface Destination {
  readonly webhook: WebSocketWebhook;
  readonly reader: string;
  readonly report: WebhookReport;
}

interface Route {
  readonly source: LogSource;
  readonly sender: WebhookSender;
}

/**
 * The events of an application that several nodes serve: what waits is in a log of the relay, in the partition of the
 * channel. Each node holds what is there for webhooks, beside what is really there, so the relay itself appends the
 * event when the last node lets go, or dies.
 */
export class SharedEvents implements AppEvents {
  readonly #app: AppKeys;
  readonly #limits: SharedLimits;
  readonly #host: WebhookHost;
  readonly #relay: AppRelay;
  readonly #log: string;
  readonly #destinations: readonly Destination[];
  /** By partition. */
  readonly #routes = new Map<number, readonly Route[]>();
  /** Channels whose number of subscribers has changed. */
  readonly #counts: WaitingLine<string>;
  /** What this node holds, by channel, set and item. */
  readonly #held = new Set<string>();
  /** Of each channel, the last change that the relay has not answered yet. */
  readonly #holding = new Map<string, Promise<void>>();
  readonly #pending = new Set<Promise<void>>();
  #appending = 0;
  /** Channels whose number is about to be told. */
  readonly #counting = new Set<string>();
  /** Of each partition, a topic that nobody listens to: whose messages are nothing but their entries. */
  #logTopics: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** The partition that is looked at next. */
  #next = 0;
  #hasFailed = false;

  constructor(
    app: AppKeys,
    webhooks: readonly WebSocketWebhook[],
    limits: SharedLimits,
    host: WebhookHost,
    relay: AppRelay,
  ) {
    this.#app = app;
    this.#limits = limits;
    this.#host = host;
    this.#relay = relay;
    this.#log = relay.topicOf(LOG);
    this.#destinations = webhooks.map((webhook, index) => ({
      webhook,
      reader: readerName(webhooks, index),
      report: new WebhookReport(webhook, host),
    }));
    // A number that changes often is told once in a while, and in one webhook with what happens at the same time.
    this.#counts = new WaitingLine(limits.webhookBatchMs / 2, (channel) => this.#tellCount(channel));
  }

  open(): void {
    const { node } = this.#relay;
    this.#logTopics = topicsIn(node.connection, this.#log);
    this.#look();
    this.#timer ??= setInterval(() => this.#look(), node.leaseMs / LOOKS).unref();
  }

  take(event: WireEvent): void {
    const state = states.find(({ came, left }) => event.name === came || event.name === left);
    if (state !== undefined) this.#hold(event, state);
    else if (event.name !== 'subscription_count') this.#append(event);
    else if (this.#isTaken(event)) this.#counts.add(event.channel);
  }

  /** What a log gets with an event; undefined when no webhook asks for it. */
  entry(event: WireEvent): LogEntry | undefined {
    return this.#isTaken(event) ? { log: this.#log, text: JSON.stringify(event) } : undefined;
  }

  /** A log has got an event of a channel from this node. */
  appended(channel: string): void {
    if (!this.#relay.node.isOpen) return;
    for (const { source, sender } of this.#routesOf(this.#partitionOf(channel))) {
      source.appended();
      sender.schedule();
    }
  }

  get waiting(): number {
    return this.#all.reduce((sum, { sender }) => sum + sender.waiting, 0);
  }

  get goesOn(): boolean {
    return this.#relay.node.nodes > 1;
  }

  /** Events that are left after the time stay in the relay: another node sends them, or the next one that begins. */
  async close(timeoutMs: number): Promise<void> {
    clearInterval(this.#timer);
    const end = performance.now() + timeoutMs;
    const changed = this.#counts.items;
    this.#counts.clear();
    for (const channel of changed) this.#tellCount(channel);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    await Promise.race([Promise.all(this.#pending), late]);
    clearTimeout(timer);
    const restMs = Math.max(0, end - performance.now());
    await Promise.all(this.#all.map(({ sender }) => sender.close(restMs)));
  }

  get #all(): readonly Route[] {
    return [...this.#routes.values()].flat();
  }

  #isTaken(event: Pick<WireEvent, 'name' | 'channel'>): boolean {
    return this.#destinations.some(({ webhook }) => takes(webhook, event));
  }

  #partitionOf(channel: string): number {
    return this.#relay.node.connection.partitionOf(this.#relay.topicOf(channel));
  }

  /** Holds what webhooks know to be there, or does so no longer. The relay appends the events of it. */
  #hold(event: WireEvent, { set, came, left, leavesLast }: (typeof states)[number]): void {
    const { channel, user_id: item = '' } = event;
    const onCame = this.entry({ ...event, name: came });
    const onLeft = this.entry({ ...event, name: left });
    if (onCame === undefined && onLeft === undefined) return;
    const isThere = event.name === came;
    const key = `${channel}\0${set}\0${item}`;
    // One that is held already, or a connection that left before it was confirmed, of which nothing was told.
    if (this.#held.has(key) === isThere) return;
    if (isThere) this.#held.add(key);
    else this.#held.delete(key);
    const share = isThere ? { weight: 0, onCame, onLeft, leavesLast } : undefined;
    const rules = { lingerMs: isPresence(channel) ? this.#limits.lingerMs : 0 };
    const holding = this.#wait(
      this.#relay.hold(channel, set, itemOf(item), share, rules).then((result) => {
        if ((result?.isNew && onCame !== undefined) || (result?.isGone && onLeft !== undefined)) this.appended(channel);
      }),
    );
    this.#holding.set(channel, holding);
    void holding.then(() => {
      if (this.#holding.get(channel) === holding) this.#holding.delete(channel);
    });
  }

  /** Resolves when the log has all that was taken of a channel; undefined when it has it already. */
  whenTold(channel: string): Promise<void> | undefined {
    return this.#holding.get(channel);
  }

  #tellCount(channel: string): void {
    // The number is read when it is sent, see `LogSource`, so one event is enough for all changes until it is appended.
    if (this.#counting.has(channel)) return;
    this.#counting.add(channel);
    this.#append({ name: 'subscription_count', channel });
  }

  #append(event: WireEvent): void {
    const entry = this.entry(event);
    if (entry === undefined) return;
    if (this.#appending < MAX_APPENDING) void this.#wait(this.#appendAfterAll(event, entry));
    else this.#lost(event, 'too many of them wait for the relay');
  }

  /** Appends an event behind all that has happened before it. */
  async #appendAfterAll(event: WireEvent, entry: LogEntry): Promise<void> {
    const { name, channel } = event;
    this.#appending++;
    try {
      const { node } = this.#relay;
      await node.caughtUp(this.#relay.topicOf(channel));
      if (name === 'subscription_count') this.#counting.delete(channel);
      const topic = this.#logTopics[this.#partitionOf(channel)] ?? this.#log;
      await node.publish({ topic, payload: nothing, entry });
      this.appended(channel);
    } catch (error) {
      this.#lost(event, `the relay did not take them: ${textOf(error)}`);
    } finally {
      this.#appending--;
    }
  }

  #lost(event: WireEvent, reason: string): void {
    if (event.name === 'subscription_count') this.#counting.delete(event.channel);
    for (const { webhook, report } of this.#destinations) if (takes(webhook, event)) report.dropped(1, reason);
  }

  /** Waits for a call before the end. */
  #wait(call: Promise<unknown>): Promise<void> {
    const pending: Promise<void> = call
      .then(
        () => {},
        (error) => this.#failed(error),
      )
      .finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
    return pending;
  }

  #routesOf(partition: number): readonly Route[] {
    const existing = this.#routes.get(partition);
    if (existing !== undefined) return existing;
    const routes = this.#destinations.map(({ webhook, reader, report }) => {
      const reading = {
        relay: this.#relay,
        partition,
        log: this.#log,
        reader,
        readers: this.#destinations.map((destination) => destination.reader),
        failed: (error: unknown) => this.#failed(error),
        worked: () => this.#worked(),
      };
      const source = new LogSource(reading, webhook, this.#limits);
      return { source, sender: new WebhookSender(webhook, this.#app, source, this.#limits, report) };
    });
    this.#routes.set(partition, routes);
    return routes;
  }

  /** Looks for events whose reader has died, in some of the partitions. */
  #look(): void {
    if (!this.#relay.node.isOpen) return;
    const { partitions } = this.#relay.node.connection;
    for (let count = Math.ceil(partitions / LOOKS); count > 0; count--) {
      for (const { sender } of this.#routesOf(this.#next % partitions)) sender.look();
      this.#next = (this.#next + 1) % partitions;
    }
  }

  #failed(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const text = 'websocket: the events of webhooks have to wait, because the relay does not answer';
    this.#host.logger().warn({ reason: textOf(error) }, text);
  }

  #worked(): void {
    if (!this.#hasFailed) return;
    this.#hasFailed = false;
    this.#host.logger().info({}, 'websocket: the events of webhooks are sent again');
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
