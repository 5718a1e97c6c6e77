import assert from 'node:assert/strict';
import type {
  RelayConnection,
  RelayHost,
  RelayMessage,
  SetChange,
  ShareChange,
  ShareResult,
  Update,
} from '../index.js';
import type { RelayHarness, RelaySubject } from './relay-harness.js';
import { pause, until } from './waiting.js';

/** A lease that does not end within a case, in milliseconds. */
export const LONG_MS = 60_000;

/** What a node was told. */
export type Told =
  | { readonly topic: string; readonly payload: Uint8Array; readonly at: number }
  | { readonly topic: string; readonly change: SetChange; readonly at: number };

/** A span in which a node heard nothing. */
export interface DeafSpan {
  readonly partition: number;
  readonly since: number;
  /** What `hearing` was told as its beginning, when it came, and how much the node had been told before. */
  hearing?: { readonly since: number; readonly at: number; readonly index: number };
}

/** A connection, and what its host was told. */
export class RelayNode {
  readonly told: Told[] = [];
  readonly spans: DeafSpan[] = [];
  #connection: RelayConnection | undefined;
  #isClosed = false;

  readonly host: RelayHost = {
    logger: () => ({ debug() {}, info() {}, warn() {}, error() {} }),
    message: (topic, payload) => void this.told.push({ topic, payload, at: Date.now() }),
    changed: (topic, change) => void this.told.push({ topic, change, at: Date.now() }),
    deaf: (partitions, since) => void this.spans.push(...partitions.map((partition) => ({ partition, since }))),
    hearing: (partitions, since) => {
      const at = Date.now();
      const index = this.told.length;
      for (const span of this.spans) if (partitions.includes(span.partition)) span.hearing ??= { since, at, index };
    },
  };

  async connect(subject: RelaySubject['relay']): Promise<void> {
    this.#connection = await subject.connect(this.host);
  }

  get connection(): RelayConnection {
    assert.ok(this.#connection);
    return this.#connection;
  }

  /** Texts of the messages that were handed over of a topic. */
  texts(topic: string): string[] {
    return this.told.flatMap((one) => (one.topic === topic && 'payload' in one ? [textOf(one.payload)] : []));
  }

  changes(topic: string): SetChange[] {
    return this.told.flatMap((one) => (one.topic === topic && 'change' in one ? [one.change] : []));
  }

  /** Listens to topics. */
  async listen(...topics: readonly string[]): Promise<void> {
    for (const [partition, its] of this.#byPartition(topics)) await this.connection.listen(partition, its);
  }

  async leave(...topics: readonly string[]): Promise<void> {
    for (const [partition, its] of this.#byPartition(topics)) await this.connection.leave(partition, its);
  }

  #byPartition(topics: readonly string[]): Map<number, string[]> {
    const found = new Map<number, string[]>();
    for (const topic of topics) {
      const partition = this.connection.partitionOf(topic);
      found.set(partition, [...(found.get(partition) ?? []), topic]);
    }
    return found;
  }

  /** Publishes as a node that has no incarnation, texts to one topic. */
  async publish(topic: string, ...texts: readonly string[]): Promise<void> {
    const messages = texts.map((text): RelayMessage => ({ topic, payload: Buffer.from(text) }));
    const partition = this.connection.partitionOf(topic);
    assert.equal(
      await this.connection.publish(partition, undefined, messages),
      true,
      'publish() without an incarnation',
    );
  }

  /** Takes part in a topic's partition. */
  async register(topic: string, leaseMs: number = LONG_MS): Promise<Member> {
    const partition = this.connection.partitionOf(topic);
    return new Member(this, topic, partition, await this.connection.register(partition, leaseMs), leaseMs);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#connection?.close();
  }
}

/** A share change in the topic and the set of a member. */
type ChangeParts = Partial<ShareChange> & { readonly item: string };

/** The set that cases are about. */
export const SET = 'set';

/** A node that has an incarnation in the partition of one topic. */
export class Member {
  readonly node: RelayNode;
  readonly topic: string;
  readonly partition: number;
  readonly incarnation: string;
  readonly #leaseMs: number;

  constructor(node: RelayNode, topic: string, partition: number, incarnation: string, leaseMs: number) {
    this.node = node;
    this.topic = topic;
    this.partition = partition;
    this.incarnation = incarnation;
    this.#leaseMs = leaseMs;
  }

  /** @returns undefined when the incarnation is not known */
  try(...changes: readonly ChangeParts[]): Promise<Update | undefined> {
    const made = changes.map((change): ShareChange => ({ topic: this.topic, set: SET, share: undefined, ...change }));
    return this.node.connection.update(this.partition, this.incarnation, this.#leaseMs, made);
  }

  async update(...changes: readonly ChangeParts[]): Promise<Update> {
    const update = await this.try(...changes);
    assert.ok(update, 'update() must know an incarnation whose lease lasts');
    assert.equal(update.results.length, changes.length, 'update() must give a result for each change');
    return update;
  }

  /** Holds a share that others are told of. @returns what came of it */
  async hold(item: string, share: ShareChange['share'], of: Partial<ShareChange> = {}): Promise<ShareResult> {
    const { results } = await this.update({ item, share, isTold: true, ...of });
    return results[0] as ShareResult;
  }

  /** Holds a share no longer. */
  drop(item: string, of: Partial<ShareChange> = {}): Promise<ShareResult> {
    return this.hold(item, undefined, of);
  }

  /** Renews the lease for another time than its own. */
  async renew(leaseMs: number): Promise<void> {
    const { connection } = this.node;
    assert.ok(await connection.update(this.partition, this.incarnation, leaseMs, []), 'update() must know it');
  }

  publish(...texts: readonly string[]): Promise<boolean> {
    const messages = texts.map((text) => ({ topic: this.topic, payload: Buffer.from(text) }));
    return this.node.connection.publish(this.partition, this.incarnation, messages);
  }

  /** Evicts an incarnation until nothing is left of it. */
  async evict(incarnation: string, options: { readonly isOwn?: boolean } = {}): Promise<void> {
    for (let calls = 0; await this.node.connection.evict(this.partition, incarnation, options); calls++)
      assert.ok(calls < 10_000, 'evict() must come to an end');
  }

  /** Reads a log as a reader of its own. */
  readLog(
    log: string,
    of: Partial<Parameters<RelayConnection['readLog']>[2]> = {},
  ): ReturnType<RelayConnection['readLog']> {
    const options = { reader: 'reader', readers: ['reader'], leaseMs: LONG_MS, max: 100, ...of };
    return this.node.connection.readLog(this.partition, log, { incarnation: this.incarnation, ...options });
  }

  note(log: string, note: string, reader = 'reader'): Promise<boolean> {
    return this.node.connection.noteInLog(this.partition, log, reader, this.incarnation, note);
  }

  pass(log: string, id: string, reader = 'reader'): Promise<boolean> {
    return this.node.connection.passInLog(this.partition, log, reader, this.incarnation, id);
  }
}

/** A running case about a relay. */
export class RelayTrial {
  readonly subject: RelaySubject;
  readonly shortMs: number;
  readonly waitMs: number;
  readonly #harness: RelayHarness;
  readonly #nodes: RelayNode[] = [];

  constructor(harness: RelayHarness, subject: RelaySubject) {
    this.#harness = harness;
    this.subject = subject;
    this.shortMs = harness.shortMs ?? 150;
    this.waitMs = harness.waitMs ?? 15_000;
  }

  /** Connects a node. @param topics that it listens to */
  async node(...topics: readonly string[]): Promise<RelayNode> {
    return this.#connect(this.subject.relay, topics);
  }

  /** Connects a node that can be cut off. */
  async fragileNode(...topics: readonly string[]): Promise<RelayNode> {
    assert.ok(this.subject.fragile);
    return this.#connect(this.subject.fragile.relay, topics);
  }

  async #connect(relay: RelaySubject['relay'], topics: readonly string[]): Promise<RelayNode> {
    const node = new RelayNode();
    this.#nodes.push(node);
    await node.connect(relay);
    await node.listen(...topics);
    return node;
  }

  /** Connects a node that listens to a topic, and takes part in its partition. */
  async member(topic: string, leaseMs?: number): Promise<Member> {
    return (await this.node(topic)).register(topic, leaseMs);
  }

  /** Two nodes that listen to a topic, and take part in its partition. */
  async pair(topic: string): Promise<readonly [Member, Member]> {
    return [await this.member(topic), await this.member(topic)];
  }

  quiet(): Promise<void> {
    return pause(this.#harness.quietMs ?? 100);
  }

  /** Waits until a short time is over, by the clock of the relay too. */
  short(): Promise<void> {
    return pause(this.shortMs * 1.2 + 5);
  }

  async comesTrue(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    assert.ok(await until(holds, this.waitMs), `${what} must come true`);
  }

  /** Waits until a node has been handed these texts of a topic, in this order, and nothing else of it. */
  async hears(node: RelayNode, topic: string, texts: readonly string[]): Promise<void> {
    await until(() => node.texts(topic).length >= texts.length, this.waitMs);
    assert.deepEqual(node.texts(topic), texts, `the messages of ${JSON.stringify(topic)} that are handed over`);
  }

  async end(): Promise<void> {
    try {
      for (const node of this.#nodes) await node.close();
    } finally {
      await this.subject.close?.();
    }
  }
}

/** A property that a relay must have. */
export interface RelayCaseDefinition {
  readonly name: string;
  /** Returns what the case needs but the harness lacks. */
  readonly lacks?: (trial: RelayTrial) => string | undefined;
  readonly check: (trial: RelayTrial) => Promise<void>;
}

/** The `lacks` of a case about a relay that fails. */
export function withoutFragile({ subject }: RelayTrial): string | undefined {
  return subject.fragile === undefined ? 'the harness has no fragile relay' : undefined;
}

/** The `lacks` of a case about a relay that loses its memory. */
export function withoutEmpty({ subject }: RelayTrial): string | undefined {
  return subject.empty === undefined ? 'the harness has no empty()' : undefined;
}

export function textOf(payload: Uint8Array): string {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString();
}
