import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { createClient, createClientPool } from 'redis';
import { afterAll, afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  ConfigurationError,
  createPushService,
  DeliveryError,
  type RedisLike,
  type RedisSessionsOptions,
  redisSessions,
  type SessionStore,
  ValidationError,
} from '../../src/index.js';
import { everythingShown } from '../support/everything-shown.js';
import { failureOf } from '../support/failure-of.js';
import { freePort } from '../support/ports.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { findRedis } from '../support/redis.js';
import { withRedis } from '../support/with-redis.js';

await withRedis('redisSessions', findRedis, ({ url }) => {
  const redis = new Redis(url);
  const prefix = `test-${randomUUID()}:`;

  afterEach(async () => {
    vi.useRealTimers();
    const keys = await redis.keys(`${prefix}*`);
    if (keys.length > 0) await redis.del(keys);
  });
  afterAll(() => redis.disconnect());

  function sessionsOn(client: RedisLike = redis, options: RedisSessionsOptions = {}): SessionStore {
    return redisSessions(client, { prefix, ...options });
  }

  function keyOf(user: string): string {
    return `${prefix}sessions:${user}`;
  }

  describe('in Redis', () => {
    test('a user is one sorted set, under the prefix', async () => {
      const { channelId, userId, expiresAt } = await sessionsOn().add({ id: 42 });
      expect(userId).toBe('42');
      expect(await redis.keys(`${prefix}*`)).toEqual([keyOf('42')]);
      expect(await redis.zrange(keyOf('42'), '0', '-1', 'WITHSCORES')).toEqual([channelId, String(expiresAt)]);
    });

    test('sessions of different prefixes do not mix', async () => {
      await sessionsOn().add('ann', 'desk');
      const other = sessionsOn(redis, { prefix: `${prefix}other:` });
      expect(await other.channelsFor(['ann'])).toEqual([[]]);
    });

    test('a key ends with the last of its sessions, whatever comes and goes', async () => {
      const sessions = sessionsOn();
      const timeLeft = async (): Promise<string> => {
        const ms = await redis.pttl(keyOf('ann'));
        return ms < 0 ? 'endless' : `${Math.ceil(ms / 60_000)} minutes`;
      };
      await sessions.add('ann', 'watch', { ttl: 60_000 });
      await sessions.add('ann', 'phone', { ttl: 600_000 });
      await sessions.add('ann', 'watch', { ttl: 120_000 });
      expect(await timeLeft()).toBe('10 minutes');
      await sessions.add('ann', 'desk', { ttl: Number.POSITIVE_INFINITY });
      expect(await timeLeft()).toBe('endless');
      await sessions.remove('ann', 'desk');
      expect(await timeLeft()).toBe('10 minutes');
      await sessions.touch('ann', 'phone', { ttl: 1_200_000 });
      expect(await timeLeft()).toBe('20 minutes');
      await sessions.remove('ann', 'phone');
      expect(await timeLeft()).toBe('2 minutes');
      // What was removed is remembered for a minute.
      await sessions.remove('ann', 'watch');
      expect(await timeLeft()).toBe('1 minutes');
      await sessions.add('ann', 'watch', { ttl: 600_000 });
      await sessions.remove('ann');
      expect(await timeLeft()).toBe('1 minutes');
      expect(await redis.zcard(keyOf('ann'))).toBe(1);
    });

    test('nothing stays of sessions whose time is over', async () => {
      const sessions = sessionsOn();
      await sessions.add('ann', 'short', { ttl: 5 });
      await sessions.add('bob', 'short', { ttl: 5 });
      await sessions.add('bob', 'desk');
      await expect.poll(() => redis.exists(keyOf('ann'))).toBe(0);
      await expect.poll(() => sessions.channelsFor(['bob'])).toEqual([['desk']]);
      await sessions.add('bob', 'phone');
      expect(await redis.zrange(keyOf('bob'), '0', '-1')).toEqual(['desk', 'phone']);
    });

    test.each([
      [undefined, 86_400_000],
      [5000, 5000],
    ])('a session lives as long as the options say: with %s, %d ms', async (ttl, ms) => {
      const sessions = sessionsOn(redis, { ttl });
      await sessions.add('ann', 'desk');
      const left = await redis.pttl(keyOf('ann'));
      expect(left).toBeGreaterThan(ms - 4000);
      expect(left).toBeLessThanOrEqual(ms);
    });

    test('a time beyond what Redis can hold is no end', async () => {
      const { expiresAt } = await sessionsOn().add('ann', 'desk', { ttl: Number.MAX_VALUE });
      expect(expiresAt).toBe(Number.POSITIVE_INFINITY);
      expect(await sessionsOn().channelsFor(['ann'])).toEqual([['desk']]);
    });

    test('a part of a millisecond is a time, too', async () => {
      await sessionsOn().add('ann', 'desk', { ttl: 60_000.5 });
      expect(await sessionsOn().channelsFor(['ann'])).toEqual([['desk']]);
    });
  });

  test('a process whose clock is a day ahead ends nobody’s session, and one whose clock is behind keeps none', async () => {
    const sessions = sessionsOn();
    await sessions.add('ann', 'desk', { ttl: 60_000 });
    await sessions.add('bob', 'short', { ttl: 5 });
    await expect.poll(() => sessions.channelsFor(['bob'])).toEqual([[]]);
    for (const days of [1, -1]) {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + days * 86_400_000 });
      await sessions.add('ann', `phone-${days}`, { ttl: 60_000 });
      expect(await sessions.touch('ann', 'desk', { ttl: 60_000 })).toBe(true);
      expect(await sessions.touch('bob', 'short')).toBe(false);
      vi.useRealTimers();
    }
    expect((await sessions.channelsFor(['ann']))[0]?.toSorted()).toEqual(['desk', 'phone--1', 'phone-1']);
  });

  test('more users than are asked for in one turn are found in their order, and no turn waits for an answer', async () => {
    const asked: unknown[][][] = [];
    const { promise: areAllAsked, resolve: allAreAsked } = Promise.withResolvers<void>();
    const sessions = sessionsOn({
      pipeline: (commands) => {
        asked.push(commands);
        if (asked.length === 3) allAreAsked();
        return { exec: () => areAllAsked.then(() => redis.pipeline(commands).exec()) };
      },
    });
    const users = Array.from({ length: 25_000 }, (_, n) => n);
    for (const user of [0, 9999, 10_000, 24_999]) await sessionsOn().add(user, `of-${user}`);
    const found = await sessions.channelsFor(users);
    expect(found).toHaveLength(25_000);
    expect(found.flatMap((channels, n) => channels.map((channel) => [n, channel]))).toEqual(
      [0, 9999, 10_000, 24_999].map((user) => [user, `of-${user}`]),
    );
  });

  describe('takes a client', () => {
    test('of ioredis that has a prefix of its own', async () => {
      const client = new Redis(url, { keyPrefix: `${prefix}mine:` });
      const sessions = redisSessions(client);
      await sessions.add('ann', 'desk');
      expect(await sessions.channelsFor(['ann'])).toEqual([['desk']]);
      expect(await redis.keys(`${prefix}*`)).toEqual([`${prefix}mine:pushrail:sessions:ann`]);
      client.disconnect();
    });

    test.each([2, 3] as const)('of redis that speaks version %d of the protocol, and a pool of them', async (RESP) => {
      const client = await createClient({ url, RESP }).connect();
      const pool = createClientPool({ url, RESP });
      await pool.connect();
      await sessionsOn(client).add('ann', 'desk', { ttl: Number.POSITIVE_INFINITY });
      expect(await sessionsOn(pool).touch('ann', 'desk')).toBe(true);
      expect(await sessionsOn(pool).touch('ann', 'phone')).toBe(false);
      expect(await sessionsOn(client).channelsFor(['ann', 'bob'])).toEqual([['desk'], []]);
      await Promise.all([client.close(), pool.close()]);
    });

    test('and leaves it open', async () => {
      const service = createPushService({ backend: new RecordingBackend(), sessions: sessionsOn() });
      await service.send({ users: 'ann', data: 1 });
      await service.close();
      expect(await redis.ping()).toBe('PONG');
    });

    test.each([undefined, null, 'redis://127.0.0.1', {}, { get: () => {} }])('and not %j', async (client) => {
      const failure = await failureOf(ConfigurationError, () => redisSessions(client as RedisLike));
      expect(failure.message).toBe(
        'redisSessions() takes a client of the package "ioredis" or "redis": redisSessions(new Redis(url)).',
      );
    });
  });

  describe('refuses', () => {
    test('text that would be the same as other text in Redis', async () => {
      const sessions = sessionsOn();
      for (const call of [
        () => sessions.add('ann\ud800', 'desk'),
        () => sessions.add('ann', 'desk\udfff'),
        () => sessions.remove('ann\ud800'),
        () => sessions.channelsFor(['bob', 'ann\ud801']),
      ]) {
        expect((await failureOf(ValidationError, call)).message).toContain('half of a surrogate pair');
      }
      expect(await redis.keys(`${prefix}*`)).toEqual([]);
    });

    test('a user, a channel id or a ttl that is none, before Redis is asked', async () => {
      const pipeline = vi.fn();
      const sessions = sessionsOn({ pipeline });
      for (const call of [
        () => sessions.channelsFor(['ann', '']),
        () => sessions.add(''),
        () => sessions.add('ann', ''),
        () => sessions.add('ann', 'desk', { ttl: 0 }),
        () => sessions.touch('ann', 'desk', { ttl: -1 }),
        () => sessions.remove(''),
        () => sessionsOn({ pipeline }, { identify: () => undefined as unknown as string }).remove('ann'),
        () => redisSessions(redis, { ttl: 0 }),
      ]) {
        await failureOf(ValidationError, call);
      }
      expect(pipeline).not.toHaveBeenCalled();
    });
  });

  describe('when Redis fails', () => {
    test('says what failed and why, and never a channel id', async () => {
      await redis.set(keyOf('ann'), 'no sorted set');
      const sessions = sessionsOn();
      const secret = 'channel-that-nobody-may-know';
      const calls: readonly [string, () => Promise<unknown>][] = [
        ['The sessions could not be looked up in Redis: ', () => sessions.channelsFor(['ann'])],
        ['The session could not be written to Redis: ', () => sessions.add('ann', secret)],
        ['The session could not be written to Redis: ', () => sessions.touch('ann', secret)],
        ['The session could not be removed from Redis: ', () => sessions.remove('ann', secret)],
      ];
      for (const [words, call] of calls) {
        const failure = await failureOf(Error, call);
        expect(failure.message).toContain(`${words}WRONGTYPE Operation against a key`);
        expect(failure.cause).toBeInstanceOf(Error);
        expect(everythingShown(failure)).not.toContain(secret);
      }
    });

    test('with an error that has no message, says which it is', async () => {
      const client = createClient({ socket: { port: await freePort() }, commandOptions: { timeout: 20 } });
      client.on('error', () => {});
      client.connect().catch(() => {});
      onTestFinished(() => client.destroy());
      await expect(sessionsOn(client).channelsFor(['ann'])).rejects.toThrow(
        'The sessions could not be looked up in Redis: TimeoutError',
      );
    });

    test('in the middle of many users, says so once', async () => {
      const pipeline = () => ({ exec: () => Promise.reject(new Error('the connection is lost')) });
      const users = Array.from({ length: 25_000 }, (_, n) => n);
      await expect(sessionsOn({ pipeline }).channelsFor(users)).rejects.toThrow(
        'The sessions could not be looked up in Redis: the connection is lost',
      );
    });

    test.each<[string, (port: number) => RedisLike]>([
      [
        'ioredis',
        (port) => new Redis(port, { maxRetriesPerRequest: 0, retryStrategy: () => null }).on('error', () => {}),
      ],
      ['redis', (port) => createClient({ socket: { port, reconnectStrategy: false } }).on('error', () => {})],
    ])('a send to users fails, with nothing sent (%s)', async (_package, clientAt) => {
      const backend = new RecordingBackend();
      const sessions = sessionsOn(clientAt(await freePort()));
      const sending = createPushService({ backend, sessions }).send({ users: 'ann', data: 1 });
      const failure = await failureOf(DeliveryError, sending);
      expect(failure.message).toMatch(
        /^Nothing was sent, because the users' sessions could not be looked up: The sessions could not be looked up in Redis: \w/,
      );
      expect(failure.outcome).toBe('rejected');
      expect(backend.requests).toEqual([]);
    });
  });
});
