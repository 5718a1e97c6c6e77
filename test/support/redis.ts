import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './ports.ts';

/** A real Redis server. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** Ends the server where it was started for this, and nothing otherwise. */
  close(): Promise<void>;
}

/** How long a server may take to start, in milliseconds. */
const START_MS = 10_000;

const started = new Set<ChildProcess>();
process.on('exit', () => {
  for (const server of started) server.kill('SIGKILL');
});

/**
 * The Redis server that `REDIS_URL` names, or the one on 127.0.0.1:6379; where none answers, one that is started for this.
 * @returns undefined when `redis-server` is not installed either
 */
export async function findRedis(): Promise<TestRedis | undefined> {
  const { REDIS_URL } = process.env;
  const url = REDIS_URL ?? 'redis://127.0.0.1:6379';
  if (await answers(url)) return { url, port: Number(new URL(url).port || 6379), close: async () => {} };
  if (REDIS_URL !== undefined) throw new Error('No Redis server answers at REDIS_URL.');
  return startRedis();
}

/**
 * Starts a server of our own, on a port of its own, which keeps nothing on disk.
 * @param flags such as `--cluster-enabled yes`, or `--port 6380` for a certain one
 * @returns undefined when `redis-server` is not installed
 */
export async function startRedis(...flags: readonly string[]): Promise<TestRedis | undefined> {
  const given = flags.indexOf('--port');
  const port = given < 0 ? await freePort() : Number(flags[given + 1]);
  const directory = mkdtempSync(join(tmpdir(), 'pushrail-redis-'));
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn('redis-server', [...settings, '--dir', directory, ...flags], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => {
    server.once('exit', () => resolve());
    server.once('error', () => resolve());
  }).then(() => {
    started.delete(server);
    rmSync(directory, { recursive: true, force: true });
  });
  started.add(server);
  const close = async (): Promise<void> => {
    server.kill();
    await ended;
  };
  const url = `redis://127.0.0.1:${port}`;
  const deadline = performance.now() + START_MS;
  while (!(await answers(url))) {
    if (!started.has(server) && server.pid === undefined) return undefined;
    if (!started.has(server) || performance.now() > deadline) {
      await close();
      throw new Error(`redis-server does not answer on port ${port}.`);
    }
    await wait(20);
  }
  return { url, port, close };
}

async function answers(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  client.on('error', () => {});
  try {
    await client.ping();
    return true;
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}
