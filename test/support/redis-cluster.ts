import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePorts } from './ports.js';
import { startRedis, type TestRedis } from './redis.js';

/** How long the servers may take to find one another, in milliseconds. */
const MEETING_MS = 20_000;
const SLOTS = 16_384;

/** A real Redis Cluster. */
export interface TestCluster {
  /** The ports of the masters that it began with, in the order of their slots. */
  readonly ports: number[];
  readonly masters: readonly TestRedis[];
  /** One for each master, in the same order, or none. */
  readonly replicas: readonly TestRedis[];
  close(): Promise<void>;
}

/**
 * A cluster of real servers, of which each master has an equal share of the slots.
 * @returns undefined when `redis-server` is not installed
 */
export async function startCluster({
  masters: count = 2,
  withReplicas = false,
  flags = [],
}: {
  readonly masters?: number;
  readonly withReplicas?: boolean;
  readonly flags?: readonly string[];
} = {}): Promise<TestCluster | undefined> {
  const size = withReplicas ? 2 * count : count;
  const ports = await freePorts(2 * size);
  const found = await Promise.all(
    Array.from({ length: size }, (_, index) => {
      // Without a port of its own, the servers' talk to each other has the port + 10 000, which may not exist.
      const [port, busPort] = ports.slice(2 * index).map(String) as [string, string];
      const own = ['--port', port, '--cluster-enabled', 'yes', '--cluster-port', busPort];
      return startRedis(...own, ...diskless, ...flags);
    }),
  );
  const servers = found.filter((server) => server !== undefined);
  const close = async (): Promise<void> => void (await Promise.all(servers.map((server) => server.close())));
  if (servers.length < found.length) return void (await close());
  const masters = servers.slice(0, count);
  const replicas = servers.slice(count);
  try {
    await Promise.all(
      servers.map(async (server, index) => {
        await ask(server, 'CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
        if (index >= count) return;
        const [from, to] = [index, index + 1].map((share) => Math.round((share * SLOTS) / count)) as [number, number];
        await ask(server, 'CLUSTER', 'ADDSLOTSRANGE', from, to - 1);
      }),
    );
    const [first, ...others] = servers as [TestRedis, ...TestRedis[]];
    for (const server of others) await ask(first, 'CLUSTER', 'MEET', '127.0.0.1', server.port, await busPortOf(server));
    await until(servers, async (server) => {
      const info = String(await ask(server, 'CLUSTER', 'INFO'));
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${servers.length}`);
    });
    await Promise.all(
      replicas.map(async (replica, index) =>
        ask(replica, 'CLUSTER', 'REPLICATE', String(await ask(masters[index] as TestRedis, 'CLUSTER', 'MYID'))),
      ),
    );
    await until(replicas, async (replica) =>
      String(await ask(replica, 'INFO', 'replication')).includes('master_link_status:up'),
    );
  } catch (error) {
    await close();
    throw error;
  }
  return { ports: masters.map(({ port }) => port), masters, replicas, close };
}

const diskless = ['--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0'];

async function busPortOf(server: TestRedis): Promise<string> {
  return /@(\d+)[^\n]*myself/.exec(String(await ask(server, 'CLUSTER', 'NODES')))?.[1] ?? '';
}

async function until(servers: readonly TestRedis[], isReady: (server: TestRedis) => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + MEETING_MS;
  for (const server of servers) {
    while (!(await isReady(server))) {
      if (performance.now() > deadline) throw new Error('The servers of the cluster do not find one another.');
      await wait(50);
    }
  }
}

/** Sends one command to a server. */
export async function ask(
  { url }: TestRedis,
  command: string,
  ...parameters: readonly (string | number)[]
): Promise<unknown> {
  const client = new Redis(url);
  try {
    return await client.call(command, ...parameters);
  } finally {
    client.disconnect();
  }
}
