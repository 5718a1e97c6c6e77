import { setTimeout as wait } from 'node:timers/promises';
import { checkServer } from './check-server.js';
import { Hearing } from './hearing.js';
import { type CommandLink, Lane } from './lane.js';
import type { Dial, Link } from './link.js';
import { failed, ReplyError } from './plain-errors.js';
import { RedisServer } from './redis-server.js';
import { CLUSTER_PARTITIONS, movedTo, ownerOf, partitionTags, slotOf } from './slots.js';
import { Subscriptions } from './subscriptions.js';
import { Ticker } from './ticker.js';
import { type Nodes, Topology } from './topology.js';
import type { RedisTransport, Script, TransportHost } from './transport.js';

/** Between two questions who has the slots, in milliseconds, while nothing is amiss. */
const REFRESH_MS = 2000;
/** How long a call waits for a connection to a server that it is sent on to, in milliseconds. */
const CONNECTION_MS = 1000;
/**
 * What a partition that moves may have missed begins so long before the last proof of the server that had it, in
 * milliseconds: the new one may have had it before the old one knew.
 */
const MOVE_MARGIN_MS = 1000;

interface Partition {
  readonly index: number;
  readonly subscriptions: Subscriptions;
  readonly lane: Lane;
  /** The server that has it, by its address. */
  owner: string | undefined;
}

/** The transport to a Redis Cluster, with connections to each master that has partitions. */
export class ClusterTransport implements RedisTransport {
  readonly partitions: number = CLUSTER_PARTITIONS;
  readonly publishCommand = 'SPUBLISH';
  readonly #host: TransportHost;
  readonly #dial: Dial;
  readonly #failure: (reason: Error) => void;
  readonly #starts: readonly string[];
  readonly #indexes: ReadonlyMap<string, number>;
  readonly #prefix: string;
  readonly #partitions: readonly Partition[];
  readonly #servers = new Map<string, RedisServer>();
  readonly #closing = new Set<Promise<void>>();
  readonly #topology: Topology;
  readonly #hearing: Hearing;
  readonly #ticker: Ticker;
  #refreshing: Promise<void> | undefined;
  #sinceRefreshMs = 0;
  #isClosed = false;

  constructor(
    dial: Dial,
    nodes: Nodes,
    host: TransportHost,
    prefix: string,
    timeoutMs: number,
    failure: (reason: Error) => void,
  ) {
    this.#host = host;
    this.#dial = dial;
    this.#failure = failure;
    this.#prefix = prefix;
    const tags = partitionTags();
    this.#starts = tags.map((tag) => `${prefix}{${tag}}`);
    this.#indexes = new Map(tags.map((tag, index) => [tag, index]));
    this.#hearing = new Hearing(host, this.partitions);
    this.#topology = new Topology(nodes, tags.map(slotOf), (address) =>
      dial({ message: () => {}, moved: () => {} }, true, address),
    );
    this.#partitions = tags.map((_, index) => ({
      index,
      subscriptions: new Subscriptions((error) => void this.#misrouted(index, error)),
      lane: new Lane(
        {
          commands: () => this.#commandsOf(index),
          misrouted: (error) => this.#misrouted(index, error),
          refused: (error) => this.#misrouted(index, error),
        },
        timeoutMs,
      ),
      owner: undefined,
    }));
    void this.#refresh();
    this.#ticker = new Ticker((ms) => this.#tick(ms));
  }

  /** Resolves when commands can be sent to all masters, and messages of all partitions are heard. */
  async opened(): Promise<void> {
    await this.#hearing.first;
    await Promise.all([...this.#servers.values()].map(({ ready }) => ready));
  }

  name(partition: number, text: string): string {
    return this.#starts[partition] + text;
  }

  textOf(name: string): { readonly partition: number; readonly text: string } {
    const end = name.indexOf('}', this.#prefix.length);
    const partition = this.#indexes.get(name.slice(this.#prefix.length + 1, end)) ?? 0;
    return { partition, text: name.slice(end + 1) };
  }

  run(
    partition: number,
    script: Script,
    keys: readonly string[],
    parameters: readonly (string | Uint8Array)[],
  ): Promise<unknown> {
    return this.#partition(partition).lane.run(script, keys, parameters);
  }

  subscribe(partition: number, channels: readonly string[]): Promise<void> {
    return this.#partition(partition).subscriptions.add(channels);
  }

  async unsubscribe(partition: number, channels: readonly string[]): Promise<void> {
    this.#partition(partition).subscriptions.remove(channels);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#ticker.close();
    for (const { lane, subscriptions } of this.#partitions) {
      lane.close();
      subscriptions.close(failed('subscribe', 'rejected', 'the relay was closed', false));
    }
    await Promise.all([...this.#closing, ...[...this.#servers.values()].map((server) => server.close())]);
    await this.#refreshing;
  }

  #partition(index: number): Partition {
    const partition = this.#partitions[index];
    if (partition === undefined) throw new RangeError(`There is no partition ${index}.`);
    return partition;
  }

  #serverOf(index: number): RedisServer | undefined {
    const { owner } = this.#partition(index);
    return owner === undefined ? undefined : this.#servers.get(owner);
  }

  #commandsOf(index: number): CommandLink | undefined {
    return this.#serverOf(index)?.commands;
  }

  #tick(ms: number): void {
    this.#sinceRefreshMs += ms;
    for (const server of this.#servers.values()) server.tick(ms);
    for (const { lane } of this.#partitions) lane.sweep();
    const isWhole =
      this.#hearing.isWhole && [...this.#servers.values()].every(({ commands }) => commands !== undefined);
    if (!isWhole || this.#sinceRefreshMs >= REFRESH_MS) void this.#refresh();
  }

  /** A server has refused a call of a partition. Resolves when it is known who has it, and a connection is there. */
  async #misrouted(index: number, error: ReplyError): Promise<void> {
    const { owner } = this.#partition(index);
    const asked = owner === undefined ? undefined : this.#topology.addressOf(owner);
    const to = error.code === 'MOVED' && asked !== undefined ? movedTo(error.message, asked) : undefined;
    if (to !== undefined && !this.#isClosed) this.#assign(new Map([[index, this.#topology.noted(to)]]));
    else await this.#refresh();
    const server = this.#serverOf(index);
    if (server === undefined) return;
    const ended = new AbortController();
    await Promise.race([server.ready, wait(CONNECTION_MS, undefined, { ref: false, signal: ended.signal })]);
    ended.abort();
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#askAll().finally(() => {
      this.#refreshing = undefined;
      this.#sinceRefreshMs = 0;
    });
    return this.#refreshing;
  }

  async #askAll(): Promise<void> {
    const links = new Map([...this.#servers].map(([text, { commands }]) => [text, commands?.link]));
    try {
      const views = await this.#topology.views(links);
      if (this.#isClosed) return;
      const owners = new Map<number, string>();
      for (const { index, owner } of this.#partitions) {
        const found = ownerOf(index, views, owner);
        if (found !== undefined && found !== owner) owners.set(index, found);
      }
      this.#assign(owners);
    } catch (error) {
      this.#failure(error as Error);
    }
  }

  /** Gives partitions to the servers that have them now. */
  #assign(owners: ReadonlyMap<number, string>): void {
    const byServer = new Map<string, Partition[]>();
    for (const [index, owner] of owners) {
      const partition = this.#partition(index);
      if (partition.owner === owner) continue;
      const provenAt = this.#serverOf(index)?.release(index);
      if (provenAt !== undefined) this.#hearing.lost([index], provenAt - MOVE_MARGIN_MS);
      partition.owner = owner;
      byServer.set(owner, [...(byServer.get(owner) ?? []), partition]);
    }
    for (const [text, partitions] of byServer)
      void this.#server(text)?.assign(
        partitions.map(({ index, subscriptions }) => ({ partition: index, subscriptions })),
      );
    for (const [text, server] of this.#servers) {
      if (this.#partitions.some(({ owner }) => owner === text)) continue;
      this.#servers.delete(text);
      const closed = server.close().finally(() => this.#closing.delete(closed));
      this.#closing.add(closed);
    }
  }

  #server(text: string): RedisServer | undefined {
    const address = this.#topology.addressOf(text);
    const found = this.#servers.get(text);
    if (found !== undefined || address === undefined) return found;
    const server = new RedisServer({
      logger: () => this.#host.logger(),
      label: `Redis at ${text}`,
      dial: (events) => this.#dial(events, true, address),
      check: (link) => checkServer(link, this.#host.logger(), true, this),
      isSound,
      message: (channel, payload) => this.#host.message(channel, payload),
      moved: () => void this.#refresh(),
      deaf: (partitions, since) => this.#hearing.lost(partitions, since),
      hearing: (partitions) => this.#hearing.regained(partitions),
      failed: this.#failure,
    });
    this.#servers.set(text, server);
    return server;
  }
}

async function isSound(link: Link): Promise<boolean> {
  try {
    return String(await link.send(['CLUSTER', 'INFO'])).includes('cluster_state:ok');
  } catch (error) {
    // A user who may not ask is not told either that anything is wrong.
    return error instanceof ReplyError && error.code === 'NOPERM';
  }
}
