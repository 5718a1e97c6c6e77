import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { createClient, createClientPool } from 'redis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ConfigurationError } from '../../../src/core/errors.js';
import { openTransport } from '../../../src/server/relay/redis/open-transport.js';
import type { RedisRelayClient } from '../../../src/server/relay/redis/source.js';
import { failureOf } from '../../support/failure-of.js';
import { findRedis } from '../../support/redis.js';
import { withRedis } from '../../support/with-redis.js';
import { appending, opened, publishing, RecordingHost } from './support/relay-host.js';

await withRedis('the Redis transport', findRedis, ({ url }) => {
  const pool = createClientPool({ url });
  beforeAll(async () => void (await pool.connect()));
  afterAll(() => pool.destroy());
  const clients: [name: string, make: () => RedisRelayClient | string][] = [
    ['a client of ioredis', () => new Redis(url, { lazyConnect: true, keyPrefix: 'mine:' })],
    ['a client of redis', () => createClient({ url })],
    ['a pool of redis', () => pool],
    ['an address', () => url],
  ];

  describe.each(clients)('with %s', (_, make) => {
    test('what is published by a script is heard in its order', async () => {
      const { host, transport, publish } = await opened(make());
      const channel = transport.name(0, 'news');
      await transport.subscribe(0, [channel]);
      const texts = Array.from({ length: 1000 }, (__, index) => `message ${index}`);
      await Promise.all(texts.map((text) => publish(channel, text)));
      await host.untilHeard(channel, texts);
    });

    test('bytes come through as they are', async () => {
      const { host, transport } = await opened(make());
      const channel = transport.name(0, 'bytes');
      await transport.subscribe(0, [channel]);
      const bytes = Uint8Array.from({ length: 256 }, (__, index) => index);
      await transport.run(0, publishing, [channel], ['PUBLISH', bytes]);
      await vi.waitFor(() => expect(host.messages[0]?.payload).toEqual(Buffer.from(bytes)));
    });

    test('a script returns texts, or bytes where it says so', async () => {
      const { transport } = await opened(make());
      const text = 'return {ARGV[1], 7, false}';
      expect(await transport.run(0, { name: 'text', text }, [], ['é'])).toEqual(['é', 7, null]);
      expect(await transport.run(0, { name: 'bytes', text, isBinary: true }, [], [Buffer.of(0xff)])).toEqual([
        Buffer.of(0xff),
        7,
        null,
      ]);
    });

    test('calls keep their order when Redis forgets its scripts in between', async () => {
      const { transport } = await opened(make());
      const redis = new Redis(url);
      const list = transport.name(0, 'list');
      // Two scripts, so that a call of one that is there could go past a call of one that is not.
      const scripts = [appending, { name: 'append', text: `${appending.text} -- ${randomUUID()}` }];
      const texts: string[] = [];
      const calls: Promise<unknown>[] = [];
      for (let round = 0; round < 50; round++) {
        for (let index = 0; index < 20; index++) {
          const text = String(texts.length);
          texts.push(text);
          calls.push(transport.run(0, scripts[index % 2] ?? appending, [list], [text]));
        }
        await redis.call('SCRIPT', 'FLUSH');
      }
      await Promise.all(calls);
      expect(await redis.lrange(list, '0', '-1')).toEqual(texts);
      redis.disconnect();
    });

    test('channels that are taken up and left in quick succession come out as asked last', async () => {
      const { host, transport, publish } = await opened(make());
      const channels = Array.from({ length: 20 }, (__, index) => transport.name(0, `channel ${index}`));
      const wanted = new Set<string>();
      const waits: Promise<void>[] = [];
      for (let step = 0; step < 2000; step++) {
        const channel = channels[(step * 7 + (step >> 3)) % channels.length] as string;
        if (wanted.delete(channel)) void transport.unsubscribe(0, [channel]);
        else {
          wanted.add(channel);
          waits.push(transport.subscribe(0, [channel]));
        }
        if (step % 50 === 0) await waits.at(-1);
      }
      await Promise.all(waits);
      // A last one, whose confirmation follows all before it.
      const last = transport.name(0, 'last');
      await transport.subscribe(0, [last]);
      await Promise.all([...channels, last].map((channel) => publish(channel, 'heard')));
      await host.untilHeard(last, ['heard']);
      for (const channel of channels) expect(host.texts(channel)).toEqual(wanted.has(channel) ? ['heard'] : []);
    });

    test('a channel is taken up once for all who ask in one turn', async () => {
      const { host, transport, publish } = await opened(make());
      const channels = Array.from({ length: 3000 }, (__, index) => transport.name(0, `channel ${index}`));
      await Promise.all(channels.map((channel) => transport.subscribe(0, [channel])));
      await transport.subscribe(0, channels);
      const last = channels.at(-1) as string;
      await publish(last, 'heard');
      await host.untilHeard(last, ['heard']);
    });

    test('close ends both connections', async () => {
      const redis = new Redis(url);
      const { transport } = await opened(make());
      const channel = transport.name(0, 'news');
      await transport.subscribe(0, [channel]);
      expect(await redis.pubsub('NUMSUB', channel)).toEqual([channel, 1]);
      await transport.close();
      await vi.waitFor(async () => expect(await redis.pubsub('NUMSUB', channel)).toEqual([channel, 0]));
      redis.disconnect();
    });
  });

  test('a channel of another prefix is not heard', async () => {
    const [one, other] = [await opened(url), await opened(url)];
    for (const { transport } of [one, other]) await transport.subscribe(0, [transport.name(0, 'news')]);
    await other.publish(other.transport.name(0, 'news'), 'theirs');
    await one.publish(one.transport.name(0, 'news'), 'ours');
    await one.host.untilHeard(one.transport.name(0, 'news'), ['ours']);
    expect(one.host.messages).toHaveLength(1);
  });

  test.each([
    ['http://localhost'],
    ['redis://localhost:1,localhost:2'],
    ['redis://user:pass word@[::1'],
    ['redis+cluster://'],
    [''],
  ])('%s is refused', async (address) => {
    const error = await failureOf(ConfigurationError, openTransport(address, new RecordingHost()));
    expect(error.message).toContain('This is no address of a Redis relay. Such as: redis://user:password@host');
    expect(error.message).not.toContain('pass word');
  });

  test.each([[{}], [new Map()], [null], [7]])('%o is no client', async (client) => {
    await failureOf(ConfigurationError, openTransport(client as never, new RecordingHost()));
  });
});
