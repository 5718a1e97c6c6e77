import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './ports.js';
import { startRedis, type TestRedis } from './redis.js';

/** How long the servers may take to find one another, in milliseconds. */
const MEETING_MS = 20_000;
const halves = [
  [0, 8191],
  [8192, 16383],
] as const;

/** A cluster of two real servers, each of which has half of the slots. @returns undefined when `redis-server` is not installed */
export async function startCluster(): Promise<{ readonly ports: number[]; close(): Promise<void> } | undefined> {
  const servers: TestRedis[] = [];
  const close = async (): Promise<void> => void (await Promise.all(servers.map((server) => server.close())));
  for (const [from, to] of halves) {
    // Without a port of its own, the servers' talk to each other has the port + 10 000, which may not exist.
    const server = await startRedis('--cluster-enabled', 'yes', '--cluster-port', String(await freePort()));
    if (server === undefined) return undefined;
    servers.push(server);
    await ask(server, 'CLUSTER', 'ADDSLOTSRANGE', from, to);
  }
  const [first, second] = servers as [TestRedis, TestRedis];
  const busPort = /@(\d+)/.exec(String(await ask(second, 'CLUSTER', 'NODES')))?.[1] ?? '';
  await ask(first, 'CLUSTER', 'MEET', '127.0.0.1', second.port, busPort);
  const deadline = performance.now() + MEETING_MS;
  for (const server of servers) {
    while (!String(await ask(server, 'CLUSTER', 'INFO')).includes('cluster_state:ok')) {
      if (performance.now() > deadline) {
        await close();
        throw new Error('The servers of the cluster do not find one another.');
      }
      await wait(50);
    }
  }
  return { ports: servers.map(({ port }) => port), close };
}

async function ask({ url }: TestRedis, command: string, ...parameters: readonly (string | number)[]): Promise<unknown> {
  const client = new Redis(url);
  try {
    return await client.call(command, ...parameters);
  } finally {
    client.disconnect();
  }
}
