import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { type RedisLike, redisSessions, type SessionStore } from 'pushrail';
import { createClient } from 'redis';
import { findRedis } from '../support/redis.ts';
import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { compared, inTurns } from './rounds.ts';
import { grouped, summary } from './statistics.ts';

/** Users looked up in one measurement, each with one session. */
const USERS = { full: 10_000, quick: 2000 };
/** Added at once, before the measurements. */
const ADDED_AT_ONCE = 1000;

/** A client, and how one asks for the sessions of one user with it. */
interface Contestant {
  readonly packageName: string;
  readonly client: RedisLike;
  ask(key: string): Promise<readonly string[]>;
  forget(key: string): Promise<unknown>;
  close(): void;
}

async function contestants(url: string): Promise<readonly Contestant[]> {
  const ioredis = new Redis(url);
  const nodeRedis = await createClient({ url }).connect();
  return [
    {
      packageName: 'ioredis',
      client: ioredis,
      ask: (key) => ioredis.zrangebyscore(key, Date.now(), '+inf'),
      forget: (key) => ioredis.del(key),
      close: () => ioredis.disconnect(),
    },
    {
      packageName: 'redis',
      client: nodeRedis,
      ask: (key) => nodeRedis.zRangeByScore(key, Date.now(), '+inf'),
      forget: (key) => nodeRedis.del(key),
      close: () => nodeRedis.destroy(),
    },
  ];
}

async function fill(sessions: SessionStore, users: readonly string[]): Promise<void> {
  for (let first = 0; first < users.length; first += ADDED_AT_ONCE)
    await Promise.all(users.slice(first, first + ADDED_AT_ONCE).map((user) => sessions.add(user)));
}

/** Milliseconds that a look-up of all users takes. */
async function timed(users: readonly string[], lookUp: () => Promise<readonly (readonly string[])[]>): Promise<number> {
  const startedAt = performance.now();
  const found = await lookUp();
  const ms = performance.now() - startedAt;
  if (found.length !== users.length || found.some((channels) => channels.length !== 1))
    throw new Error('A look-up did not find one session for each user.');
  return ms;
}

async function compare(
  { packageName, client, ask, forget }: Contestant,
  progress: Progress,
  form: Form,
): Promise<Result> {
  const prefix = `bench-${randomUUID()}:`;
  const sessions = redisSessions(client, { prefix });
  const users = Array.from({ length: USERS[form] }, (_, n) => `user-${n}`);
  const keys = users.map((user) => `${prefix}sessions:${user}`);
  await fill(sessions, users);
  try {
    const figures = await inTurns(form, {
      together: () => timed(users, () => sessions.channelsFor(users)),
      oneByOne: () =>
        timed(users, async () => {
          const found: (readonly string[])[] = [];
          for (const key of keys) found.push(await ask(key));
          return found;
        }),
    });
    for (const [name, values] of Object.entries(figures)) progress(`${packageName}, ${name}: ${summary(values)} ms`);
    return compared(`${grouped(USERS[form])} users in one look-up: speed`, {
      unit: 'ms',
      ours: figures.together,
      peer: figures.oneByOne,
      peerName: `one look-up a user, package ${packageName}`,
      ratio: 'speed',
      target: { atLeast: 10 },
    });
  } finally {
    for (const key of keys) await forget(key);
  }
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  const redis = await findRedis();
  if (redis === undefined)
    throw new Error('no Redis server answers on 127.0.0.1:6379, and redis-server is not installed');
  const results: Result[] = [];
  try {
    for (const contestant of await contestants(redis.url)) {
      results.push(await compare(contestant, progress, form));
      contestant.close();
    }
  } finally {
    await redis.close();
  }
  return results;
}

export const sessionLookUps: Benchmark = {
  name: 'sessions',
  about: () => 'sessions of users, looked up in Redis',
  run,
};
