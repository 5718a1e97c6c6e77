import type { Logger } from '../../core/logger.js';
import { RepeatedLines } from '../../core/repeated-lines.js';
import { DeliveryError } from '../../core/report.js';
import { WaitingLine } from '../waiting-line.js';
import type { DeafSpans } from './deaf-spans.js';
import { Listening, type TopicListener } from './listening.js';
import { Outgoing } from './outgoing.js';
import { type HeldChange, Partition } from './partition.js';
import type { Relay, RelayConnection, RelayHost, RelayMessage, ShareResult, Update } from './relay.js';

/** How long a node that shows no sign of life counts as there, in milliseconds. */
export const LEASE_MS = 15_000;

/** How long the end of a node may take, in milliseconds. Others do what is left of it when its lease ends. */
const CLOSE_MS = 5000;

/** What a node does for its server. */
export interface ClusterNodeHost {
  /** Its logger must not throw. */
  readonly logger: () => Logger;
  readonly spans: DeafSpans;
  /** Whether it holds shares, as one does that clients connect to. */
  readonly isServing: boolean;
  /** @default LEASE_MS */
  readonly leaseMs?: number | undefined;
}

/** This process among the nodes that a relay joins. */
export class ClusterNode {
  readonly #relay: Relay;
  readonly #host: ClusterNodeHost;
  #connection: RelayConnection | undefined;
  #parts: readonly Part[] = [];
  /** Incarnations that are being evicted. */
  readonly #evicting = new Set<string>();
  #isFailing = false;
  /** Whether it was closed, also before it was open. */
  #isEnded = false;
  readonly #lines = new RepeatedLines();
  /** The memory of each partition. */
  readonly #memories = new Map<number, string>();
  /** Partitions that have lost their memory, and are told again by all nodes. */
  readonly #toldAgain: WaitingLine<number>;
  /** Those who wait only as long as the relay answers. */
  readonly #impatient = new Set<() => void>();
  /** How often the relay was back after it had not answered, or had not been heard. */
  returns = 0;
  /** How long its leases last, in milliseconds. */
  readonly leaseMs: number;
  /** Number of nodes whose lease lasts, this one too, as the relay has told last. */
  nodes = 1;

  constructor(relay: Relay, host: ClusterNodeHost) {
    this.#relay = relay;
    this.#host = host;
    this.leaseMs = host.leaseMs ?? LEASE_MS;
    this.#toldAgain = new WaitingLine(this.leaseMs, (partition) => this.#missed([partition]));
  }

  /**
   * Connects, and takes part.
   * @throws whatever the relay rejects with, when it cannot be reached
   */
  async open(): Promise<void> {
    this.#isEnded = false;
    const connection = await this.#relay.connect(this.#relayHost);
    if (this.#isEnded) {
      await connection.close();
      throw closed();
    }
    this.#connection = connection;
    const host = { leaseMs: this.leaseMs, failed: this.#failed, dropped: this.#dropped, updated: this.#updated };
    this.#parts = Array.from({ length: connection.partitions }, (_, number) => {
      const partition = this.#host.isServing ? new Partition(number, connection, host) : undefined;
      return {
        partition,
        listening: new Listening(number, connection),
        outgoing: new Outgoing(number, connection, this.leaseMs, partition),
      };
    });
    try {
      await Promise.all(this.#parts.map(({ partition }) => partition?.open()));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#connection !== undefined;
  }

  /** The connection, for what only reads. @throws DeliveryError before `open` and after `close` */
  get connection(): RelayConnection {
    if (this.#connection === undefined) throw closed();
    return this.#connection;
  }

  /** Its incarnation in a partition; undefined while it has none. */
  incarnationIn(partition: number): string | undefined {
    return this.#parts[partition]?.partition?.incarnation;
  }

  #partOf(topic: string): Part {
    const part = this.#parts[this.connection.partitionOf(topic)];
    if (part === undefined) throw new Error('The relay has fewer partitions than it says.');
    return part;
  }

  /** See `Listening.listen`. It never settles where the node is closed. */
  listen(topic: string, listener: TopicListener): Promise<void> {
    if (this.#connection === undefined) return new Promise(() => {});
    return this.#partOf(topic).listening.listen(topic, listener);
  }

  /** Listens to a topic no longer; one that was not listened to is ignored. */
  leave(topic: string): void {
    if (this.#connection !== undefined) this.#partOf(topic).listening.leave(topic);
  }

  /** See `Outgoing.publish`. */
  async publish(message: RelayMessage): Promise<void> {
    if (this.#connection === undefined) throw closed();
    return this.#partOf(message.topic).outgoing.publish(message);
  }

  /** See `Partition.hold`. A node that serves nobody holds nothing. */
  async hold(change: HeldChange): Promise<ShareResult | undefined> {
    if (this.#connection === undefined) return undefined;
    return this.#partOf(change.topic).partition?.hold(change);
  }

  /** Whether the relay answers and is heard, as far as this node knows. */
  get isThere(): boolean {
    return !this.#isFailing && !this.#host.spans.isDeaf;
  }

  /** Waits for work as long as the relay answers and is heard. @returns undefined when it is not */
  async whileThere<Result>(work: Promise<Result>): Promise<Result | undefined> {
    if (!this.isThere) return undefined;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const giveUp = (): void => resolve(undefined);
    this.#impatient.add(giveUp);
    try {
      return await Promise.race([work, promise]);
    } finally {
      this.#impatient.delete(giveUp);
    }
  }

  /** Resolves when everything is handed over that was published to a topic before. */
  async caughtUp(topic: string): Promise<void> {
    if (this.#connection !== undefined) await this.#partOf(topic).partition?.renew();
  }

  readonly #relayHost: RelayHost = {
    logger: () => this.#host.logger(),
    message: (topic, payload) => this.#hand(() => this.#listenerOf(topic)?.message(payload)),
    changed: (topic, change) => this.#hand(() => this.#listenerOf(topic)?.changed(change)),
    deaf: (partitions, since) => {
      this.#host.spans.begin(partitions, since);
      for (const giveUp of this.#impatient) giveUp();
    },
    hearing: (partitions, since) => {
      this.#host.spans.end(partitions, since, this.#parts.length);
      if (this.isThere) this.returns++;
      this.#missed(partitions);
    },
  };

  #missed(partitions: readonly number[]): void {
    for (const number of partitions)
      for (const listener of this.#parts[number]?.listening.listeners ?? []) this.#hand(() => listener.missed());
  }

  /** Keeps a fault of ours from the relay, whose connection it would end. */
  #hand(handOver: () => void): void {
    try {
      handOver();
    } catch (error) {
      this.#host.logger().error({ err: error }, 'websocket: a message of the relay could not be handled');
    }
  }

  #listenerOf(topic: string): TopicListener | undefined {
    return this.#connection && this.#partOf(topic).listening.listenerOf(topic);
  }

  readonly #failed = (error: unknown): void => {
    if (this.#isFailing) return;
    this.#isFailing = true;
    for (const giveUp of this.#impatient) giveUp();
    const text =
      'websocket: the relay does not answer as it should: messages may be refused, new subscriptions wait, clients stay connected';
    this.#host.logger().error({ err: error }, text);
  };

  /**
   * Whether the relay has lost its memory a short time ago, so that it may not have heard yet from all nodes what they
   * hold.
   */
  isToldAgain(topic: string): boolean {
    return this.#connection !== undefined && this.#toldAgain.has(this.#connection.partitionOf(topic));
  }

  #noteMemory(partition: number, memory: string): void {
    const before = this.#memories.get(partition);
    this.#memories.set(partition, memory);
    if (before === undefined || before === memory) return;
    const text = 'websocket: the relay has lost its memory, and all nodes tell it again';
    this.#lines.on(this.#host.logger()).warn({ partition }, text);
    // A node that lives renews its lease, and finds out, in a third of this.
    this.#toldAgain.add(partition);
  }

  readonly #dropped = (error: unknown): void => {
    const text = 'websocket: other nodes cannot be told of something, because the relay cannot keep it';
    this.#lines.on(this.#host.logger()).error({ err: error }, text);
  };

  readonly #updated = (partition: number, { expired, nodes, memory }: Update, isWhole: boolean): void => {
    this.nodes = nodes;
    this.#noteMemory(partition, memory);
    if (isWhole && this.#isFailing) {
      this.#isFailing = false;
      if (this.isThere) this.returns++;
      this.#host.logger().info({}, 'websocket: the relay answers again');
    }
    for (const incarnation of expired) void this.#evict(partition, incarnation);
  };

  /** Takes away what a node held that shows no sign of life. Other nodes may do the same. */
  async #evict(partition: number, incarnation: string): Promise<void> {
    const name = `${partition} ${incarnation}`;
    if (this.#evicting.has(name)) return;
    this.#evicting.add(name);
    try {
      while (await this.#connection?.evict(partition, incarnation));
    } catch {
      // The next update tells of it again.
    } finally {
      this.#evicting.delete(name);
    }
  }

  /** Gives up all shares but those that linger, and disconnects. */
  async close(): Promise<void> {
    this.#isEnded = true;
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    this.#toldAgain.clear();
    this.#host.spans.close(this.#parts.length);
    for (const { listening } of this.#parts) listening.close();
    const ending = Promise.allSettled(this.#parts.map(({ partition }) => partition?.close()));
    const timer = Promise.withResolvers<void>();
    const timeout = setTimeout(timer.resolve, CLOSE_MS);
    await Promise.race([ending, timer.promise]);
    clearTimeout(timeout);
    this.#parts = [];
    await connection.close();
  }
}

function closed(): DeliveryError {
  const text = 'The embedded server is not open, so it has no relay: nothing was done.';
  return new DeliveryError(text, { backend: 'websocket', outcome: 'rejected' });
}

/** What this node has of one partition. */
interface Part {
  /** Undefined where the node serves nobody. */
  readonly partition: Partition | undefined;
  readonly listening: Listening;
  readonly outgoing: Outgoing;
}
