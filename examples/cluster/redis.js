import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { createClient } from 'redis';

/**
 * The Redis at REDIS_URL, else the one at 127.0.0.1:6379; where none answers there, one that is started for this.
 * @returns its address, and what ends it where it was started here
 */
export async function findRedis() {
  const { REDIS_URL } = process.env;
  const url = REDIS_URL ?? 'redis://127.0.0.1:6379';
  if (await answers(url)) return { url, isOwn: false, stop: async () => {} };
  if (REDIS_URL !== undefined) throw new Error('No Redis answers at the address in REDIS_URL.');
  return startRedis();
}

async function startRedis() {
  const port = await freePort();
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  // In a process group of its own: Ctrl-C in the terminal is for the nodes first, which still need it.
  const server = spawn('redis-server', flags, { stdio: 'ignore', detached: true });
  const missing = 'There is no Redis at 127.0.0.1:6379, and the program redis-server is not installed to start one.';
  let failure;
  server.once('error', () => {
    failure = `${missing} Install it (apt install redis-server, brew install redis), or name a Redis in REDIS_URL.`;
  });
  server.once('exit', (code) => {
    failure ??= `redis-server has ended with ${code}.`;
  });
  const url = `redis://127.0.0.1:${port}`;
  for (let tries = 0; !(await answers(url)); tries++) {
    if (tries === 100) server.kill();
    if (failure !== undefined || tries >= 100)
      throw new Error(failure ?? 'redis-server was started and does not answer.');
    await wait(50);
  }
  const stop = async () => {
    if (failure !== undefined) return;
    const ended = once(server, 'exit');
    server.kill();
    await ended;
  };
  return { url, isOwn: true, stop };
}

async function answers(url) {
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 2000 } }).on(
    'error',
    () => {},
  );
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    client.destroy();
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/** Removes all keys of a run, so that nothing of it is left in a Redis that others use. */
export async function removeKeys(url, prefix) {
  const client = createClient({ url, socket: { reconnectStrategy: false } }).on('error', () => {});
  try {
    await client.connect();
    for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 }))
      if (keys.length > 0) await client.unlink(keys);
  } catch {
    // A Redis that has gone has nothing to remove.
  } finally {
    client.destroy();
  }
}
