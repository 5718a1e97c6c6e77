import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { Balancer } from '../support/nodes/balancer.ts';
import { freePort } from '../support/ports.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import {
  credentials,
  type NodeNews,
  type NodeOptions,
  type NodeOrder,
  type NodeRun,
  type Sent,
  type Time,
  tagOf,
} from './record.ts';

/** How long a program may take to start, in milliseconds. */
const START_MS = 60_000;
/** Lines of the log of one life of a node that are kept. */
const MAX_LINES = 5000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a program of `processes/`, which ends with this process. */
export function startProgram(program: string, options: object): ChildProcess {
  const child = fork(new URL(`processes/${program}.ts`, import.meta.url), [JSON.stringify(options)]);
  running.add(child);
  child.on('exit', () => running.delete(child));
  return child;
}

/** One life of a node, from its start to its end. */
export class LivingNode implements NodeRun {
  readonly name: string;
  readonly log: string[] = [];
  readonly stops: Time[] = [];
  readonly child: ChildProcess;
  /** 0 until it serves. */
  tag = 0;
  port = 0;
  killedAt: number | undefined;
  readonly #spans: Time[] = [];
  /** Since when it is deaf, as far as it has said. */
  #deafSince: number | undefined;
  #stoppedAt: number | undefined;
  readonly #ready = Promise.withResolvers<void>();
  readonly #quiet = Promise.withResolvers<void>();

  constructor(options: NodeOptions, sent: Sent[]) {
    this.name = options.name;
    this.child = startProgram('node', options);
    this.child.on('message', (news: NodeNews) => this.#take(news, sent));
    this.child.on('exit', (code, signal) => {
      this.log.push(`${new Date().toISOString()} ${this.name} ENDED ${code ?? signal}`);
      this.#ready.reject(new Error(`Node ${this.name} has ended.\n${this.log.join('\n')}`));
      this.#quiet.resolve();
    });
    this.#ready.promise.catch(() => {});
  }

  get deaf(): readonly Time[] {
    // One that was killed has not told its end.
    return this.#deafSince === undefined
      ? this.#spans
      : [...this.#spans, [this.#deafSince, this.killedAt ?? Number.POSITIVE_INFINITY]];
  }

  get isDeaf(): boolean {
    return this.#deafSince !== undefined;
  }

  #take(news: NodeNews, sent: Sent[]): void {
    if (news.news === 'ready') {
      this.port = news.port;
      this.#ready.resolve();
    } else if (news.news === 'quiet') this.#quiet.resolve();
    else if (news.news === 'sent') sent.push(...news.sent);
    else if (news.news === 'deaf') {
      this.#spans.push(news.span);
      this.#deafSince = undefined;
    } else {
      if (this.log.length < MAX_LINES) this.log.push(news.line);
      if (news.deafSince !== undefined) this.#deafSince = news.deafSince;
    }
  }

  /** Resolves when it serves. */
  async ready(): Promise<void> {
    const timer = setTimeout(() => this.#ready.reject(new Error(`Node ${this.name} does not start.`)), START_MS);
    await this.#ready.promise;
    clearTimeout(timer);
    this.tag = tagOf(await socketIdAt(this.port));
  }

  order(order: NodeOrder): void {
    this.child.send(order);
  }

  /** Sends nothing more. Resolves when all reports are there. */
  quiet(): Promise<void> {
    this.order('quiet');
    return this.#quiet.promise;
  }

  async kill(): Promise<void> {
    this.killedAt = Date.now();
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }

  stop(): void {
    this.#stoppedAt = Date.now();
    this.child.kill('SIGSTOP');
  }

  goOn(): void {
    if (this.#stoppedAt === undefined) return;
    this.child.kill('SIGCONT');
    this.stops.push([this.#stoppedAt, Date.now()]);
    this.#stoppedAt = undefined;
  }
}

async function socketIdAt(port: number): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/app/${credentials.pubKey}?protocol=7`);
  const [text] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  const { data } = JSON.parse(text.toString()) as { readonly data: string };
  return (JSON.parse(data) as { readonly socket_id: string }).socket_id;
}

/** A place in the cluster: one node after another lives there, and reaches Redis by a proxy of its own. */
export interface Place {
  readonly name: string;
  readonly proxy: FaultyProxy;
  readonly lives: LivingNode[];
}

/** Redis, nodes and a balancer before them. */
export class TestCluster {
  readonly places: readonly Place[];
  readonly balancer: Balancer;
  readonly sent: Sent[] = [];
  readonly #options: Omit<NodeOptions, 'name' | 'relay'>;
  #redis: TestRedis;
  #isFlowing = false;

  private constructor(
    redis: TestRedis,
    proxies: readonly FaultyProxy[],
    balancer: Balancer,
    options: Omit<NodeOptions, 'name' | 'relay'>,
  ) {
    this.#redis = redis;
    this.balancer = balancer;
    this.#options = options;
    this.places = proxies.map((proxy, index) => ({ name: 'abcdefgh'[index] ?? '', proxy, lives: [] }));
  }

  /** @param flags of Redis */
  static async start(
    nodes: number,
    options: Omit<NodeOptions, 'name' | 'relay'>,
    ...flags: readonly string[]
  ): Promise<TestCluster> {
    const redis = await redisAt(await freePort(), ...flags);
    const proxies = await Promise.all(Array.from({ length: nodes }, () => FaultyProxy.start(redis.port)));
    const cluster = new TestCluster(redis, proxies, await Balancer.start([]), options);
    await Promise.all(cluster.places.map((place) => cluster.bringUp(place)));
    return cluster;
  }

  get redisUrl(): string {
    return this.#redis.url;
  }

  get runs(): readonly LivingNode[] {
    return this.places.flatMap(({ lives }) => lives);
  }

  /** The nodes that live. */
  get nodes(): readonly LivingNode[] {
    return this.runs.filter(({ killedAt }) => killedAt === undefined);
  }

  /** Starts a node, and once more when it has given up because it does not reach Redis. */
  async bringUp(place: Place): Promise<void> {
    for (const end = Date.now() + START_MS; ; ) {
      const name = `${place.name}${place.lives.length + 1}`;
      const relay = `redis://127.0.0.1:${place.proxy.port}`;
      const node = new LivingNode({ ...this.#options, name, relay }, this.sent);
      place.lives.push(node);
      try {
        await node.ready();
      } catch (error) {
        await node.kill();
        if (Date.now() > end) throw error;
        continue;
      }
      if (this.#isFlowing) node.order('flow');
      for (const { port, killedAt } of this.runs) if (killedAt !== undefined) this.balancer.takeOut(port);
      this.balancer.add(node.port);
      return;
    }
  }

  flow(): void {
    this.#isFlowing = true;
    for (const node of this.nodes) node.order('flow');
  }

  async quiet(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.quiet()));
  }

  /** Ends Redis, which loses all that it knows, and starts it again. */
  async restartRedis(whileAway: () => Promise<unknown>): Promise<void> {
    const { port } = this.#redis;
    await this.#redis.close();
    await whileAway();
    this.#redis = await redisAt(port);
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    for (const { proxy } of this.places) proxy.close();
    await this.balancer.close();
    await this.#redis.close();
  }
}

async function redisAt(port: number, ...flags: readonly string[]): Promise<TestRedis> {
  const redis = await startRedis('--port', String(port), ...flags);
  if (redis === undefined) throw new Error('This needs redis-server, which is not installed.');
  return redis;
}
