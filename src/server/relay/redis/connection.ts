import { randomBytes } from 'node:crypto';
import type { RelayConnection, RelayHost, RelayMessage, ShareChange, Update } from '../relay.js';
import { ms, RedisCalls } from './calls.js';
import { Markers } from './markers.js';
import { type PublishingScripts, publishingScripts } from './scripts/index.js';
import { registerScript } from './scripts/nodes.js';
import type { RedisTransport, TransportHost } from './transport.js';
import { CHANGE, changeOf, changeParameters, MARKER, MESSAGE, messageOf, shareResults } from './wire.js';

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
export class RedisConnection extends RedisCalls implements RelayConnection {
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
  /** Partitions that are not heard, or not all of whose topics are heard again. */
  readonly #deafTo = new Set<number>();
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
    super(transport);
    this.#host = host;
    this.#scripts = publishingScripts(transport.publishCommand);
  }

  async listen(partition: number, topics: readonly string[]): Promise<void> {
    const channels = topics.map((topic) => this.#channel(partition, topic));
    for (const [index, channel] of channels.entries()) this.#topics.set(channel, topics[index] ?? '');
    await this.transport.subscribe(partition, channels);
  }

  async leave(partition: number, topics: readonly string[]): Promise<void> {
    const channels = topics.map((topic) => this.#channel(partition, topic));
    for (const channel of channels) this.#topics.delete(channel);
    await this.transport.unsubscribe(partition, channels);
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
    const isPublished = (await this.run(partition, script, parameters)) === 1;
    // It is never known again.
    if (!isPublished && incarnation !== undefined) this.#incarnations.delete(incarnation);
    return isPublished;
  }

  async register(partition: number, leaseMs: number): Promise<string> {
    await this.#listenForMarkers(partition);
    const incarnation = newId();
    await this.run(partition, registerScript, [incarnation, String(leaseMs)]);
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
    const reply = this.run(partition, this.#scripts.update, [
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
    const isRest = (await this.run(partition, this.#scripts.evict, parameters)) === 1;
    if (options.isOwn === true) this.#incarnations.delete(incarnation);
    return isRest;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#topics.clear();
    const all = Array.from({ length: this.partitions }, (_, number) => number);
    this.#markers.missed(all, 'the connection was closed');
    await this.transport.close();
  }

  #channel(partition: number, topic: string): string {
    return this.transport.name(partition, `t:${topic}`);
  }

  #markerChannel(partition: number): string {
    return this.transport.name(partition, `n:${this.#id}`);
  }

  /** Also after a first try that has failed. */
  #listenForMarkers(partition: number): Promise<void> {
    const before = this.#marked.get(partition);
    if (before !== undefined) return before;
    const marked = this.transport.subscribe(partition, [this.#markerChannel(partition)]);
    this.#marked.set(partition, marked);
    marked.catch(() => this.#marked.delete(partition));
    return marked;
  }

  #heard(channel: string, payload: Buffer): void {
    if (this.#isClosed) return;
    // Some topics are heard again before others. What comes by them before `hearing` counts as missed.
    if (this.#deafTo.size > 0 && this.#deafTo.has(this.transport.textOf(channel).partition)) return;
    const kind = payload[0];
    if (kind === MARKER) {
      this.#markers.came(this.transport.textOf(channel).partition, payload.toString('utf8', 1));
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
    for (const partition of partitions) this.#deafTo.add(partition);
    this.#host.deaf(partitions, since);
    this.#markers.missed(partitions, 'the connection that listens was lost');
  }

  #hearing(partitions: readonly number[], since: number): void {
    if (this.#isClosed) return;
    // Those of updates that were made while nothing was heard.
    this.#markers.missed(partitions, 'the connection that listens was lost');
    for (const partition of partitions) this.#deafTo.delete(partition);
    this.#host.hearing(partitions, since);
  }
}

/** Equal to none before: 96 random bits. */
function newId(): string {
  return randomBytes(12).toString('base64url');
}
