import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { type RedisLike, redisSessions, type SessionStore } from 'pushrail';
import { createClient } from 'redis';
import { findRedis } from '../support/redis.ts';
import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { cpuSeconds } from './processes/usage.ts';
import { compared, inTurns } from './rounds.ts';
import { grouped, summary } from './statistics.ts';

/** Users looked up in one measurement, each with one session. */
const USERS = { full: 10_000, quick: 2000 };
/** Look-ups of all users in one measurement. */
const LOOK_UPS = 10;
/** Added at once, before the measurements. */
const ADDED_AT_ONCE = 1000;

/** A client, and how one asks for the sessions of one user with it. */
interface Contestant {
  readonly packageName: string;
  readonly client: RedisLike;
  ask(key: string): Promise<readonly string[]>;
  forget(key: string): Promise<unknown>;
  cpuOfRedis(): Promise<number>;
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
      cpuOfRedis: async () => cpuIn(await ioredis.info('cpu')),
      close: () => ioredis.disconnect(),
    },
    {
      packageName: 'redis',
      client: nodeRedis,
      ask: (key) => nodeRedis.zRangeByScore(key, Date.now(), '+inf'),
      forget: (key) => nodeRedis.del(key),
      cpuOfRedis: async () => cpuIn(await nodeRedis.info('cpu')),
      close: () => nodeRedis.destroy(),
    },
  ];
}

async function fill(sessions: SessionStore, users: readonly string[]): Promise<void> {
  for (let first = 0; first < users.length; first += ADDED_AT_ONCE)
    await Promise.all(users.slice(first, first + ADDED_AT_ONCE).map((user) => sessions.add(user)));
}

/**
 * Milliseconds of CPU that a look-up of all users takes, in this process and in Redis. By the clock, a busy machine
 * would hold up the short look-up of all for a whole slice of time, and hardly the thousands of others, which sleep.
 * @param times how often it is made, so that the short one is long enough to be measured
 */
async function timed(
  { cpuOfRedis }: Contestant,
  users: readonly string[],
  times: number,
  lookUp: () => Promise<readonly (readonly string[])[]>,
): Promise<number> {
  const before = cpuSeconds() + (await cpuOfRedis());
  for (let made = 0; made < times; made++) {
    const found = await lookUp();
    if (found.length !== users.length || found.some((channels) => channels.length !== 1))
      throw new Error('A look-up did not find one session for each user.');
  }
  return ((cpuSeconds() + (await cpuOfRedis()) - before) * 1000) / times;
}

/** The CPU seconds of a Redis server so far, in the answer to its command `INFO cpu`. */
function cpuIn(info: string): number {
  const fields = Object.fromEntries(info.split('\r\n').map((line) => line.split(':')));
  return Number(fields['used_cpu_user']) + Number(fields['used_cpu_sys']);
}

async function compare(contestant: Contestant, progress: Progress, form: Form): Promise<Result> {
  const { packageName, client, ask, forget } = contestant;
  const prefix = `bench-${randomUUID()}:`;
  const sessions = redisSessions(client, { prefix });
  const users = Array.from({ length: USERS[form] }, (_, n) => `user-${n}`);
  const keys = users.map((user) => `${prefix}sessions:${user}`);
  await fill(sessions, users);
  try {
    const figures = await inTurns(form, {
      together: () => timed(contestant, users, LOOK_UPS, () => sessions.channelsFor(users)),
      oneByOne: () =>
        timed(contestant, users, 1, async () => {
          const found: (readonly string[])[] = [];
          for (const key of keys) found.push(await ask(key));
          return found;
        }),
    });
    for (const [name, values] of Object.entries(figures))
      progress(`${packageName}, ${name}: ${summary(values)} ms of CPU`);
    return compared(`${grouped(USERS[form])} users in one look-up: speed by CPU time`, {
      unit: 'ms of CPU',
      ours: figures.together,
      peer: figures.oneByOne,
      peerName: `one look-up a user after the other, package ${packageName}`,
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
  question: 'How long does it take to find the sessions of many users in Redis?',
  about: () => 'sessions of users, looked up in Redis',
  run,
};
