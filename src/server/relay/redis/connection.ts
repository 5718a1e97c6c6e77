import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type {
  KeptMessage,
  LogPart,
  RelayConnection,
  RelayHost,
  RelayMessage,
  SetFigures,
  SetState,
  ShareChange,
  TopicPage,
  Update,
} from '../relay.js';
import { Markers } from './markers.js';
import { type PublishingScripts, publishingScripts } from './scripts/index.js';
import { noteInLogScript, passInLogScript, readLogScript } from './scripts/logs.js';
import { registerScript } from './scripts/nodes.js';
import { figuresScript, forgetScript, isFirstScript, keptScript, listScript, readScript } from './scripts/topics.js';
import type { RedisTransport, Script, TransportHost } from './transport.js';
import {
  CHANGE,
  changeOf,
  changeParameters,
  figuresOf,
  itemsOf,
  MARKER,
  MESSAGE,
  messageOf,
  patternOf,
  shareResults,
} from './wire.js';

/** Pause between two rounds in which the expiry of all that a node holds is renewed, in milliseconds. */
const RENEW_EVERY_MS = 3_600_000;
/** Pause between two slices of a round. */
const SLICE_EVERY_MS = 1_000;

/** What this connection knows of an incarnation of its own. */
interface Incarnation {
  /** The number of the last update that was begun, and of the last that is known to have been made. */
  begun: number;
  made: number;
  /** Where the renewal of what is held goes on, and when. */
  cursor: string;
  renewAt: number;
}

/** A node's connection to Redis. See `scripts/state.ts` for what is kept there. */
export class RedisConnection implements RelayConnection {
  readonly partitions: number;
  readonly #transport: RedisTransport;
  readonly #host: RelayHost;
  readonly #scripts: PublishingScripts;
  /** Names the channel that markers of this connection come by. */
  readonly #id = newId();
  readonly #markers = new Markers();
  readonly #incarnations = new Map<string, Incarnation>();
  /** Partitions whose marker channel is heard. */
  readonly #marked = new Map<number, Promise<void>>();
  /** The topics that are listened to, by their channels. */
  readonly #topics = new Map<string, string>();
  #hasWarned = false;
  #isClosed = false;

  /** @param open makes the transport, which tells a host what it hears */
  static async open(host: RelayHost, open: (host: TransportHost) => Promise<RedisTransport>): Promise<RedisConnection> {
    let connection: RedisConnection | undefined;
    const transport = await open({
      logger: () => host.logger(),
      message: (channel, payload) => {
        if (connection !== undefined) connection.#heard(channel, payload);
      },
      deaf: (partitions, since) => {
        if (connection !== undefined) connection.#deaf(partitions, since);
      },
      hearing: (partitions, since) => {
        if (connection !== undefined) connection.#hearing(partitions, since);
      },
    });
    connection = new RedisConnection(transport, host);
    return connection;
  }

  private constructor(transport: RedisTransport, host: RelayHost) {
    this.#transport = transport;
    this.#host = host;
    this.partitions = transport.partitions;
    this.#scripts = publishingScripts(transport.publishCommand);
  }

  partitionOf(topic: string): number {
    return this.partitions === 1 ? 0 : crc32(topic) % this.partitions;
  }

  async listen(partition: number, topics: readonly string[]): Promise<void> {
    const channels = topics.map((topic) => this.#channel(partition, topic));
    for (const [index, channel] of channels.entries()) this.#topics.set(channel, topics[index] ?? '');
    await this.#transport.subscribe(partition, channels);
  }

  async leave(partition: number, topics: readonly string[]): Promise<void> {
    const channels = topics.map((topic) => this.#channel(partition, topic));
    for (const channel of channels) this.#topics.delete(channel);
    await this.#transport.unsubscribe(partition, channels);
  }

  async publish(
    partition: number,
    incarnation: string | undefined,
    messages: readonly RelayMessage[],
  ): Promise<boolean> {
    const isPlain = messages.every(({ keepMs, entry }) => keepMs === undefined && entry === undefined);
    const parameters: (string | Uint8Array)[] = [incarnation ?? ''];
    for (const { topic, payload, keepMs, entry } of messages) {
      if (isPlain) parameters.push(this.#channel(partition, topic), messageOf(payload));
      else {
        const log = entry === undefined ? '' : `+${entry.log}`;
        parameters.push(topic, messageOf(payload), ms(keepMs), log, entry?.text ?? '');
      }
    }
    const script = isPlain ? this.#scripts.publish : this.#scripts.publishAndKeep;
    return (await this.#run(partition, script, parameters)) === 1;
  }

  async register(partition: number, leaseMs: number): Promise<string> {
    await this.#listenForMarkers(partition);
    const incarnation = newId();
    await this.#run(partition, registerScript, [incarnation, String(leaseMs)]);
    this.#incarnations.set(incarnation, { begun: 0, made: 0, cursor: '0', renewAt: Date.now() + RENEW_EVERY_MS });
    return incarnation;
  }

  async update(
    partition: number,
    incarnation: string,
    leaseMs: number,
    changes: readonly ShareChange[],
  ): Promise<Update | undefined> {
    const known = this.#incarnations.get(incarnation);
    if (known === undefined) return undefined;
    const parameters = changeParameters(changes);
    const mayGrow = changes.some(({ share }) => share !== undefined);
    const number = ++known.begun;
    const marker = `${incarnation} ${number}`;
    const isRenewing = Date.now() >= known.renewAt;
    const heard = this.#markers.wait(partition, marker);
    const reply = this.#run(partition, this.#scripts.update, [
      incarnation,
      String(leaseMs),
      String(known.made),
      String(number),
      this.#markerChannel(partition),
      isRenewing ? known.cursor : '',
      mayGrow ? '1' : '',
      ...parameters,
    ]) as Promise<[nodes: number, cursor: string, expired: string[], results: number[], memory: string] | null>;
    try {
      const [made] = await Promise.all([reply, reply.then((is) => (is === null ? undefined : heard))]);
      if (made === null) {
        this.#incarnations.delete(incarnation);
        return undefined;
      }
      const [nodes, cursor, expired, results, memory] = made;
      known.made = Math.max(known.made, number);
      if (isRenewing) {
        known.cursor = cursor;
        known.renewAt = Date.now() + (cursor === '0' ? RENEW_EVERY_MS : SLICE_EVERY_MS);
      }
      return { nodes, expired, results: shareResults(results), memory };
    } finally {
      this.#markers.forget(partition, marker);
    }
  }

  async evict(partition: number, incarnation: string, options: { readonly isOwn?: boolean } = {}): Promise<boolean> {
    const parameters = [incarnation, options.isOwn === true ? '1' : ''];
    return (await this.#run(partition, this.#scripts.evict, parameters)) === 1;
  }

  async read(topic: string, set: string): Promise<SetState> {
    const reply = await this.#run(this.partitionOf(topic), readScript, [topic, set]);
    const [version, rows] = reply as [string, string[]];
    return { version: Number(version), items: itemsOf(rows) };
  }

  async figures(sets: readonly { readonly topic: string; readonly set: string }[]): Promise<readonly SetFigures[]> {
    const byPartition = new Map<number, number[]>();
    for (const [index, { topic }] of sets.entries()) {
      const partition = this.partitionOf(topic);
      const of = byPartition.get(partition);
      if (of === undefined) byPartition.set(partition, [index]);
      else of.push(index);
    }
    const figures: SetFigures[] = new Array(sets.length);
    const asked = [...byPartition].map(async ([partition, indexes]) => {
      const parameters = indexes.flatMap((index) => [sets[index]?.topic ?? '', sets[index]?.set ?? '']);
      const rows = (await this.#run(partition, figuresScript, parameters)) as (string | null)[];
      for (const [position, index] of indexes.entries()) figures[index] = figuresOf(rows[position]);
    });
    await Promise.all(asked);
    return figures;
  }

  async list(partition: number, set: string, prefix: string, cursor = '0'): Promise<TopicPage> {
    const reply = await this.#run(partition, listScript, [set, patternOf(prefix), cursor]);
    const [next, rows] = reply as [string, string[]];
    const topics: (SetFigures & { topic: string })[] = [];
    for (let index = 0; index < rows.length; index += 2)
      topics.push({ topic: rows[index] ?? '', ...figuresOf(rows[index + 1]) });
    return { topics, cursor: next === '0' ? undefined : next };
  }

  async kept(topic: string, missMs?: number): Promise<KeptMessage> {
    const reply = await this.#run(this.partitionOf(topic), keptScript, [topic, ms(missMs)]);
    if (!Array.isArray(reply)) return { payload: undefined, isFirst: reply === 1 };
    const [payload, ttlMs] = reply as [Buffer, number];
    return { payload: payload.subarray(1), ttlMs };
  }

  async readLog(
    partition: number,
    log: string,
    options: Parameters<RelayConnection['readLog']>[2],
  ): Promise<LogPart | undefined> {
    const { reader, readers, incarnation, leaseMs, max } = options;
    const parameters = [incarnation, log, reader, ms(leaseMs), String(max), ...readers];
    const reply = await this.#run(partition, readLogScript, parameters);
    if (reply === null) return undefined;
    const [first, texts, note, waiting] = reply as [number, string[], string | null, number];
    const entries = texts.map((text, index) => ({ id: String(first + index), text }));
    return { entries, note: note ?? undefined, waiting };
  }

  async noteInLog(partition: number, log: string, reader: string, incarnation: string, note: string): Promise<boolean> {
    return (await this.#run(partition, noteInLogScript, [incarnation, log, reader, note])) === 1;
  }

  async passInLog(partition: number, log: string, reader: string, incarnation: string, id: string): Promise<boolean> {
    return (await this.#run(partition, passInLogScript, [incarnation, log, reader, id])) === 1;
  }

  async isFirst(key: string, ttlMs: number): Promise<boolean> {
    return (await this.#run(this.partitionOf(key), isFirstScript, [key, ms(ttlMs)])) === 1;
  }

  async forget(key: string): Promise<void> {
    await this.#run(this.partitionOf(key), forgetScript, [key]);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#topics.clear();
    const all = Array.from({ length: this.partitions }, (_, number) => number);
    this.#markers.missed(all, 'the connection was closed');
    await this.#transport.close();
  }

  #run(partition: number, script: Script, parameters: readonly (string | Uint8Array)[]): Promise<unknown> {
    return this.#transport.run(partition, script, [this.#transport.name(partition, 'nodes')], parameters);
  }

  #channel(partition: number, topic: string): string {
    return this.#transport.name(partition, `t:${topic}`);
  }

  #markerChannel(partition: number): string {
    return this.#transport.name(partition, `n:${this.#id}`);
  }

  /** Also after a first try that has failed. */
  #listenForMarkers(partition: number): Promise<void> {
    const before = this.#marked.get(partition);
    if (before !== undefined) return before;
    const marked = this.#transport.subscribe(partition, [this.#markerChannel(partition)]);
    this.#marked.set(partition, marked);
    marked.catch(() => this.#marked.delete(partition));
    return marked;
  }

  #heard(channel: string, payload: Buffer): void {
    if (this.#isClosed) return;
    const kind = payload[0];
    if (kind === MARKER) {
      this.#markers.came(this.#transport.textOf(channel).partition, payload.toString('utf8', 1));
      return;
    }
    const topic = this.#topics.get(channel);
    // What was under way when it was left.
    if (topic === undefined) return;
    if (kind === MESSAGE) this.#host.message(topic, payload.subarray(1));
    else if (kind === CHANGE) this.#host.changed(topic, changeOf(payload));
    else if (!this.#hasWarned) {
      this.#hasWarned = true;
      const text =
        'pushrail: a node publishes what this release does not know, and it is dropped: bring all nodes to one release';
      this.#host.logger().warn({ kind }, text);
    }
  }

  #deaf(partitions: readonly number[], since: number): void {
    if (this.#isClosed) return;
    this.#host.deaf(partitions, since);
    this.#markers.missed(partitions, 'the connection that listens was lost');
  }

  #hearing(partitions: readonly number[], since: number): void {
    if (this.#isClosed) return;
    // Those of updates that were made while nothing was heard.
    this.#markers.missed(partitions, 'the connection that listens was lost');
    this.#host.hearing(partitions, since);
  }
}

/** Equal to none before: 96 random bits. */
function newId(): string {
  return randomBytes(12).toString('base64url');
}

/** A time for Redis, which takes whole milliseconds above 0. */
function ms(time: number | undefined): string {
  return time === undefined ? '' : String(Math.max(1, Math.ceil(time)));
}
