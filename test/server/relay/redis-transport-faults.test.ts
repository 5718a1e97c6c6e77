import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { DeliveryError } from '../../../src/core/report.js';
import { openTransport } from '../../../src/server/relay/redis/open-transport.js';
import type { RedisRelayClient } from '../../../src/server/relay/redis/source.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { FreezableProxy } from '../../support/freezable-proxy.js';
import { freePort } from '../../support/ports.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { withRedis } from '../../support/with-redis.js';
import { opened, RecordingHost, writing } from './support/relay-host.js';

const libraries: [name: string, make: (url: string) => RedisRelayClient][] = [
  ['ioredis', (url) => new Redis(url, { lazyConnect: true })],
  ['redis', (url) => createClient({ url })],
];

async function startWithPassword(): Promise<TestRedis | undefined> {
  const server = await startRedis();
  if (server === undefined) return undefined;
  const client = new Redis(server.url);
  await client.config('SET', 'requirepass', 'open sesame');
  client.disconnect();
  return server;
}

await withRedis('the Redis transport, when something goes wrong', startWithPassword, (server) => {
  const url = `redis://:${encodeURIComponent('open sesame')}@127.0.0.1:${server.port}`;
  const redis = new Redis(url);
  afterAll(() => redis.disconnect());

  describe.each(libraries)('with %s', (_, make) => {
    test('a listening connection that is killed is made anew, and the span is told', async () => {
      const { host, transport, publish } = await opened(make(url));
      const [one, other] = [transport.name(0, 'one'), transport.name(0, 'other')] as const;
      await transport.subscribe(0, [one]);
      const before = Date.now();
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await vi.waitFor(() => expect(host.deafCalls).toHaveLength(1));
      await transport.subscribe(0, [other]);
      await vi.waitFor(() => expect(host.spans).toHaveLength(1));
      const [span] = host.spans;
      expect(span).toMatchObject({ partitions: [0], since: host.deafCalls[0]?.since });
      expect(span?.since).toBeLessThanOrEqual(before);
      for (const channel of [one, other]) {
        await publish(channel, 'heard');
        await host.untilHeard(channel, ['heard']);
      }
      expect(host.log.entries).toMatchObject([{ level: 'warn', text: 'Redis is not connected; trying again' }]);
    });

    test('a call that was written and lost its connection is unknown, and the next one works', async () => {
      const { transport } = await opened(make(url));
      const key = transport.name(0, 'key');
      await transport.run(0, writing, [key], ['1']);
      await redis.call('CLIENT', 'PAUSE', '60000', 'WRITE');
      const call = failureOf(DeliveryError, transport.run(0, writing, [key], ['2']));
      // It is there before Redis ends the connection.
      await vi.waitFor(async () => expect(await blocked()).toBe(1));
      await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await redis.call('CLIENT', 'UNPAUSE');
      expect(await call).toMatchObject({ outcome: 'unknown', retryable: true });
      await vi.waitFor(() => transport.run(0, writing, [key], ['3']), { timeout: 5000 });
    });

    test('a call that has no answer in time is unknown', async () => {
      const { transport } = await opened(make(url), { timeoutMs: 600 });
      await redis.call('CLIENT', 'PAUSE', '60000', 'WRITE');
      const error = await failureOf(DeliveryError, transport.run(0, writing, [transport.name(0, 'key')], ['1']));
      await redis.call('CLIENT', 'UNPAUSE');
      expect(error).toMatchObject({
        outcome: 'unknown',
        retryable: true,
        message: 'Redis, write: no answer within 600 ms',
      });
    });

    test('without a connection a call is refused at once, and nothing is sent later', async () => {
      const { proxy, port } = await FreezableProxy.start(server.port);
      onTestFinished(() => proxy.close());
      const { host, transport } = await opened(make(url.replace(String(server.port), String(port))));
      const key = transport.name(0, 'key');
      proxy.close();
      await vi.waitFor(async () => {
        const error = await failureOf(DeliveryError, transport.run(0, writing, [key], ['1']));
        expect(error).toMatchObject({ outcome: 'rejected', retryable: true });
        expect(error.message).toBe('Redis, write: Redis is not connected: there is no connection');
      });
      expect(await redis.exists(key)).toBe(0);
      await vi.waitFor(() => expect(host.deafCalls).toHaveLength(1));
    });

    test('close ends all that waits, also without a connection', async () => {
      const { proxy, port } = await FreezableProxy.start(server.port);
      onTestFinished(() => proxy.close());
      const { transport } = await opened(make(url.replace(String(server.port), String(port))));
      proxy.freeze();
      const call = failureOf(DeliveryError, transport.run(0, writing, [transport.name(0, 'key')], ['1']));
      const subscription = failureOf(DeliveryError, transport.subscribe(0, [transport.name(0, 'news')]));
      await transport.close();
      expect(await call).toMatchObject({ outcome: 'unknown', message: 'Redis, write: the relay was closed' });
      expect(await subscription).toMatchObject({ outcome: 'rejected' });
    });

    test('what overruns the buffer that Redis keeps for a listener is missed, within the span that is told', async () => {
      const { proxy, port } = await FreezableProxy.start(server.port);
      onTestFinished(() => proxy.close());
      const { host, transport } = await opened(make(url.replace(String(server.port), String(port))));
      const channel = transport.name(0, 'flood');
      await transport.subscribe(0, [channel]);
      await redis.config('SET', 'client-output-buffer-limit', 'pubsub 1mb 1mb 1');
      onTestFinished(() => void redis.config('SET', 'client-output-buffer-limit', 'pubsub 32mb 8mb 60'));
      const before = Date.now();
      proxy.freeze();
      const payload = 'x'.repeat(100_000);
      // What the sockets between hold comes first.
      await vi.waitFor(async () => {
        for (let count = 0; count < 100; count++) await redis.publish(channel, payload);
        expect(await redis.pubsub('NUMSUB', channel)).toEqual([channel, 0]);
      }, 10_000);
      proxy.thaw();
      await vi.waitFor(() => expect(host.spans).toHaveLength(1), 10_000);
      expect(host.spans[0]?.since).toBeLessThanOrEqual(before);
      await redis.publish(channel, 'heard');
      await vi.waitFor(() => expect(host.texts(channel).at(-1)).toBe('heard'));
    });

    test.each(['wrong password', ''])('the password "%s" is refused at once, and shown nowhere', async (password) => {
      const host = new RecordingHost();
      const client = make(`redis://${password && `:${encodeURIComponent(password)}@`}127.0.0.1:${server.port}`);
      const error = await failureOf(DeliveryError, openTransport(client, host));
      expect(error).toMatchObject({ outcome: 'rejected', retryable: false });
      expect(error.message).toMatch(/WRONGPASS|NOAUTH/);
      for (const shown of [error, host.log.entries])
        expect(everythingShown(shown)).not.toMatch(/wrong( |%20)password(?! or)/);
    });

    test('a server that is not there is named when the time is over', async () => {
      const client = make(`redis://127.0.0.1:${await freePort()}`);
      const error = await failureOf(DeliveryError, openTransport(client, new RecordingHost(), { timeoutMs: 300 }));
      expect(error).toMatchObject({ outcome: 'rejected', retryable: true });
      expect(error.message).toContain('ECONNREFUSED');
    });

    test('a full Redis refuses, and says so', async () => {
      const { transport } = await opened(make(url));
      await redis.config('SET', 'maxmemory', '1mb');
      const error = await failureOf(DeliveryError, transport.run(0, writing, [transport.name(0, 'key')], ['1']));
      await redis.config('SET', 'maxmemory', '0');
      expect(error).toMatchObject({ outcome: 'rejected', retryable: true });
      expect(error.message).toContain('Redis, write: Redis is full: raise maxmemory');
      expect(await transport.run(0, writing, [transport.name(0, 'key')], ['1'])).toBe('done');
    });

    test('a master that becomes a replica refuses, until it is a master again', async () => {
      const { transport } = await opened(make(url));
      const key = transport.name(0, 'key');
      await redis.call('REPLICAOF', '127.0.0.1', String(await freePort()));
      const error = await failureOf(DeliveryError, transport.run(0, writing, [key], ['1']));
      expect(error).toMatchObject({ outcome: 'rejected', retryable: true });
      expect(error.message).toContain('this is a replica: connect to the master (READONLY');
      await redis.call('REPLICAOF', 'NO', 'ONE');
      await vi.waitFor(() => transport.run(0, writing, [key], ['2']), { timeout: 10_000 });
    });

    test('a Redis that evicts keys is warned about once', async () => {
      await redis.config('SET', 'maxmemory', '100mb');
      await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
      const { host } = await opened(make(url));
      await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await vi.waitFor(() => expect(host.log.entries.length).toBeGreaterThan(1));
      await redis.config('SET', 'maxmemory', '0');
      await redis.config('SET', 'maxmemory-policy', 'noeviction');
      const warnings = host.log.entries.filter(({ text }) => text.includes('maxmemory-policy'));
      expect(warnings).toMatchObject([{ level: 'warn', details: { maxmemoryPolicy: 'allkeys-lru' } }]);
    });

    test('a user with few rights can do all of it, and one with fewer is told what is missing', async () => {
      const commands = [
        '+hello',
        '+ping',
        '+script|load',
        '+evalsha',
        '+eval',
        '+subscribe',
        '+unsubscribe',
        '+publish',
        '+set',
      ];
      await redis.call(
        'ACL',
        'SETUSER',
        'relay',
        'reset',
        'on',
        '>secret word',
        '~mine:*',
        '&mine:*',
        '-@all',
        ...commands,
      );
      const address = `redis://relay:secret%20word@127.0.0.1:${server.port}`;
      const { host, transport, publish } = await opened(make(address), { prefix: 'mine:' });
      const channel = transport.name(0, 'news');
      await transport.subscribe(0, [channel]);
      await publish(channel, 'heard');
      await host.untilHeard(channel, ['heard']);
      expect(host.log.entries).toEqual([]);

      const other = await opened(make(address));
      const elsewhere = other.transport.name(0, 'news');
      for (const call of [
        () => other.transport.subscribe(0, [elsewhere]),
        () => other.transport.run(0, writing, [elsewhere], ['1']),
      ]) {
        const error = await failureOf(DeliveryError, call);
        expect(error).toMatchObject({ outcome: 'rejected', retryable: false });
        expect(error.message).toContain('allow the Redis user these commands, keys and channels');
      }
    });
  });

  async function blocked(): Promise<number> {
    return Number(/blocked_clients:(\d+)/.exec(await redis.info('clients'))?.[1]);
  }
});
