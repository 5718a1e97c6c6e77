import { onTestFinished } from 'vitest';
import { LocalChannel, type Publication } from '../../../src/server/local-channel.js';
import { ServerCounters } from '../../../src/server/metrics/counters.js';
import { AppRelay } from '../../../src/server/relay/app-relay.js';
import { ClusterNode } from '../../../src/server/relay/cluster-node.js';
import { DeafSpans } from '../../../src/server/relay/deaf-spans.js';
import { sets } from '../../../src/server/relay/member-lists.js';
import type { Relay, RelayConnection, ShareChange } from '../../../src/server/relay/relay.js';
import { AppWebhooks } from '../../../src/server/webhooks/app-webhooks.js';
import type { WebSocketWebhook } from '../../../src/server/webhooks/options.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { credentials } from './server.js';

const defaults = { webhookBatchMs: 5, webhookBatchEvents: 20, webhookLeaveDelayMs: 0, presenceLeaveDelayMs: 0 };

/** The options of a node's webhooks, where they are others than those of a test. */
export interface HookNodeOptions extends Partial<typeof defaults> {
  /** How long it may be silent, in milliseconds, before others take over. @default that of the server */
  readonly leaseMs?: number;
}

/** What a test may ask of a relay's connection beside its own methods. */
export interface Watched {
  /** The changes of shares that the relay has made. */
  readonly changes: ShareChange[];
  /** Methods that fail. */
  readonly failing: Set<keyof RelayConnection>;
  /** Whether nothing comes through any more, as from a node that has died. */
  isDead: boolean;
}

/** A client's subscription on a node. */
export interface Seat {
  readonly channel: LocalChannel;
  readonly subscriber: { send(): void };
}

/** The webhooks of an application on one node of a cluster, with clients that are there for them alone. */
export class HookNode {
  readonly watched: Watched = { changes: [], failing: new Set(), isDead: false };
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly counters: ServerCounters = new ServerCounters();
  readonly node: ClusterNode;
  readonly relay: AppRelay;
  readonly webhooks: AppWebhooks;
  readonly #channels = new Map<string, LocalChannel>();

  private constructor(relay: Relay, webhooks: readonly WebSocketWebhook[], options: HookNodeOptions) {
    const logger = (): RecordingLogger => this.logger;
    const host = { logger, spans: new DeafSpans(logger), isServing: true, leaseMs: options.leaseMs };
    this.node = new ClusterNode(watchedRelay(relay, this.watched), host);
    this.relay = new AppRelay(this.node, credentials.appId, { logger, isLocalAtFailure: false });
    const { counters } = this;
    this.webhooks = new AppWebhooks(
      credentials,
      webhooks,
      { ...defaults, ...options },
      { counters, logger },
      this.relay,
    );
  }

  /** A node that serves, and that is closed at the end of the test. */
  static async start(
    relay: Relay,
    webhooks: readonly WebSocketWebhook[],
    options: HookNodeOptions = {},
  ): Promise<HookNode> {
    const node = new HookNode(relay, webhooks, options);
    onTestFinished(() => node.close(0));
    await node.node.open();
    node.webhooks.open();
    return node;
  }

  /** A client subscribes. @param userId who it is, on a presence channel */
  async join(name: string, userId?: string): Promise<Seat> {
    const channel = this.#channels.get(name) ?? new LocalChannel(name);
    this.#channels.set(name, channel);
    const subscriber = { send: () => {} };
    channel.add(subscriber, userId === undefined ? undefined : { id: userId, info: undefined });
    await this.#count(channel);
    this.webhooks.joined(channel, userId, true);
    return { channel, subscriber };
  }

  /** It unsubscribes, or its connection is lost. */
  async leave({ channel, subscriber }: Seat, mayReturn = false): Promise<void> {
    const { user } = channel.remove(subscriber);
    if (!channel.isOccupied) this.#channels.delete(channel.name);
    await this.#count(channel);
    this.webhooks.left(channel, user, mayReturn);
  }

  async #count({ name, size }: LocalChannel): Promise<void> {
    await this.relay.hold(name, sets.subscribers, '', size === 0 ? undefined : { weight: size });
  }

  /** A client sends an event. */
  async say(publication: Publication): Promise<void> {
    const topic = this.relay.topicOf(publication.channel);
    await this.webhooks.publishClientEvent(publication, '1.2', (entry) =>
      this.node.publish({ topic, payload: new Uint8Array(1), entry }),
    );
  }

  /** Ends as a process that is killed: nothing that it asks of the relay comes through. */
  die(): void {
    this.watched.isDead = true;
  }

  async close(timeoutMs: number): Promise<void> {
    await this.webhooks.close(timeoutMs);
    await this.node.close();
  }
}

function watchedRelay(relay: Relay, watched: Watched): Relay {
  return {
    name: relay.name,
    connect: async (host) => {
      const connection = await relay.connect(host);
      return new Proxy(connection, {
        get(target, name: keyof RelayConnection) {
          const value = target[name];
          if (typeof value !== 'function') return value;
          return (...parameters: never[]): unknown => {
            if (watched.failing.has(name) || (watched.isDead && name !== 'close' && name !== 'partitionOf'))
              return Promise.reject(new Error('the relay is away'));
            const answer: unknown = Reflect.apply(value, target, parameters);
            if (name === 'update')
              void (answer as Promise<unknown>).then(
                () => watched.changes.push(...(parameters[3] as unknown as ShareChange[])),
                () => {},
              );
            return answer;
          };
        },
      });
    },
  };
}
