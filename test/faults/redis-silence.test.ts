import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { RedisRelayClient } from '../../src/server/relay/redis/source.js';
import { opened } from '../server/relay/support/relay-host.js';
import { FreezableProxy } from '../support/freezable-proxy.js';
import { findRedis } from '../support/redis.js';
import { withRedis } from '../support/with-redis.js';

const libraries: [name: string, make: (url: string) => RedisRelayClient][] = [
  ['ioredis', (url) => new Redis(url, { lazyConnect: true })],
  ['redis', (url) => createClient({ url })],
];

await withRedis('a relay whose connection falls silent', findRedis, (server) => {
  test.each(libraries)('is deaf until it has another one, and says since when, with %s', async (_, make) => {
    const { proxy, port } = await FreezableProxy.start(server.port);
    onTestFinished(() => proxy.close());
    const { host, transport, publish } = await opened(make(`redis://127.0.0.1:${port}`));
    const channel = transport.name(0, 'news');
    await transport.subscribe(0, [channel]);
    const before = Date.now();
    proxy.silence();
    await vi.waitFor(() => expect(host.spans).toHaveLength(1), 20_000);
    expect(host.spans[0]?.since).toBeLessThanOrEqual(before);
    await vi.waitFor(() => publish(channel, 'heard'), 10_000);
    await host.untilHeard(channel, ['heard']);
  });

  test.each(libraries)(
    'is not taken for deaf when the process itself stood still, with %s',
    async (_, make) => {
      const { host, transport, publish } = await opened(make(server.url));
      const channel = transport.name(0, 'news');
      await transport.subscribe(0, [channel]);
      const redis = new Redis(server.url);
      onTestFinished(() => redis.disconnect());
      for (let round = 0; round < 2; round++) {
        // Into the middle of a PING, as well as between two.
        await new Promise((resolve) => setTimeout(resolve, 1990 * round));
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 7000);
      }
      await publish(channel, 'heard');
      await host.untilHeard(channel, ['heard']);
      expect(host.deafCalls).toEqual([]);
    },
    40_000,
  );
});
