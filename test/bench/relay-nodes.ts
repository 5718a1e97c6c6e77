import { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { Child } from './child.ts';
import type { ClientCommands } from './processes/clients.ts';
import type { NodeCommands, RedisLibrary } from './processes/node-commands.ts';
import type { DialectName } from './wire/dialects.ts';

/** CPU time so far, in seconds. */
export interface CpuSeconds {
  /** Of all nodes together. */
  readonly nodes: number;
  readonly redis: number;
}

/** A Redis server of a benchmark's own. */
class OwnRedis {
  readonly port: number;
  readonly #server: TestRedis;
  readonly #client: Redis;

  constructor(server: TestRedis) {
    this.port = server.port;
    this.#server = server;
    this.#client = new Redis(server.port);
  }

  static async start(): Promise<OwnRedis> {
    const server = await startRedis();
    if (server === undefined) throw new Error('redis-server is not installed');
    return new OwnRedis(server);
  }

  async cpuSeconds(): Promise<number> {
    const info = await this.#client.info('cpu');
    const part = (name: string): number => Number(new RegExp(`^${name}:(.+)$`, 'm').exec(info)?.[1]);
    return part('used_cpu_user') + part('used_cpu_sys');
  }

  async close(): Promise<void> {
    this.#client.disconnect();
    await this.#server.close();
  }
}

/** What nodes are opened with. */
export interface NodesOptions {
  /** @default 2 */
  readonly count?: number;
  /** Whether a Redis joins them. @default true */
  readonly isJoined?: boolean;
  /** @default 'ioredis' */
  readonly library?: RedisLibrary;
  /** Whether what comes from Redis is counted. @default false */
  readonly isWatched?: boolean;
}

/** Servers, each in a process of its own, that a Redis of their own joins. */
export class Nodes implements AsyncDisposable {
  readonly all: readonly Child<NodeCommands>[];
  /** Where they listen. */
  ports: readonly number[] = [];
  #redis: OwnRedis | undefined;

  private constructor(file: string, count: number) {
    this.all = Array.from({ length: count }, () => new Child<NodeCommands>(file));
  }

  /** @param file in `processes`, without `.ts` */
  static async open(
    file: string,
    { count = 2, isJoined = true, library = 'ioredis', isWatched = false }: NodesOptions = {},
  ): Promise<Nodes> {
    const nodes = new Nodes(file, count);
    try {
      const redis = isJoined ? await OwnRedis.start() : undefined;
      nodes.#redis = redis;
      if (redis !== undefined && isWatched) await Promise.all(nodes.all.map((node) => node.ask('watch', redis.port)));
      nodes.ports = await Promise.all(nodes.all.map((node) => node.ask('open', { redisPort: redis?.port, library })));
      return nodes;
    } catch (error) {
      await nodes[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The one that publishes. */
  get first(): Child<NodeCommands> {
    const [first] = this.all;
    if (first === undefined) throw new Error('There is no node.');
    return first;
  }

  async cpuSeconds(): Promise<CpuSeconds> {
    const ofNodes = await Promise.all(this.all.map((node) => node.ask('cpuSeconds')));
    return { nodes: ofNodes.reduce((sum, seconds) => sum + seconds), redis: (await this.#redis?.cpuSeconds()) ?? 0 };
  }

  /** The CPU time that work takes. */
  async cpuSecondsOf(work: () => Promise<unknown>): Promise<CpuSeconds> {
    const before = await this.cpuSeconds();
    await work();
    const after = await this.cpuSeconds();
    return { nodes: after.nodes - before.nodes, redis: after.redis - before.redis };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((node) => node[Symbol.asyncDispose]()));
    await this.#redis?.close();
  }
}

/** Nodes with clients, those of each node in a process of their own. */
export class ServedNodes implements AsyncDisposable {
  readonly nodes: Nodes;
  /** Of each node that has any. */
  readonly clients: readonly Child<ClientCommands>[];

  private constructor(nodes: Nodes, clients: readonly Child<ClientCommands>[]) {
    this.nodes = nodes;
    this.clients = clients;
  }

  /**
   * @param file of the nodes
   * @param counts how many clients each node has; without one for a node, as many as the first
   */
  static async open(
    file: string,
    dialect: DialectName,
    counts: readonly number[],
    options?: NodesOptions,
  ): Promise<ServedNodes> {
    const nodes = await Nodes.open(file, options);
    const shares = nodes.ports.map((port, index) => ({ port, dialect, count: counts[index] ?? counts[0] ?? 0 }));
    const served = shares
      .filter(({ count }) => count > 0)
      .map((to) => ({ to, child: new Child<ClientCommands>('clients') }));
    const opened = new ServedNodes(
      nodes,
      served.map(({ child }) => child),
    );
    try {
      await Promise.all(served.map(({ to, child }) => child.ask('connect', to)));
      return opened;
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Lets every client get so many events of what is published meanwhile. */
  async deliver(eventsEach: number, publish: () => Promise<unknown>): Promise<void> {
    await Promise.all([...this.clients.map((child) => child.ask('receive', eventsEach)), publish()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.clients, this.nodes].map((each) => each[Symbol.asyncDispose]()));
  }
}
