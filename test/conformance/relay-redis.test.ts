import { randomUUID } from 'node:crypto';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { afterAll, describe, expect, test } from 'vitest';
import { type RedisRelayClient, redisRelay } from '../../src/server/relay/redis/index.js';
import { type RelayHarness, relayConformance } from '../../src/testing/index.js';
import { FreezableProxy } from '../support/freezable-proxy.js';
import { findRedis } from '../support/redis.js';
import { startCluster } from '../support/redis-cluster.js';
import { withRedis } from '../support/with-redis.js';

/** Registers the suite. @param missing why cases are skipped, so that none goes missing unseen */
function conforms(create: RelayHarness['create'], missing: readonly string[] = []): void {
  const reasons = new Set<string>();
  for (const { name, run } of relayConformance({ create, quietMs: 20, shortMs: 40 })) {
    test(name, async () => {
      const { skipped } = await run();
      if (skipped !== undefined) reasons.add(skipped);
    });
  }
  test(`is tested with everything but what is missing: ${missing.join(', ') || 'nothing'}`, () => {
    expect([...reasons]).toEqual(missing);
  });
}

/** Two relays of which one reaches Redis through a proxy that can be cut. */
async function withFragile(port: number, client: (port: number) => RedisRelayClient) {
  const prefix = `${randomUUID()}:`;
  const { proxy, port: fragilePort } = await FreezableProxy.start(port);
  return {
    relay: redisRelay(client(port), { prefix }),
    fragile: {
      relay: redisRelay(client(fragilePort), { prefix }),
      cut() {
        proxy.freeze();
        proxy.cut();
      },
      mend: () => proxy.thaw(),
    },
    close: () => proxy.close(),
  };
}

await withRedis('a relay on one Redis', findRedis, ({ port }) => {
  describe('by ioredis', () => {
    conforms(() => withFragile(port, (its) => new Redis(its, { lazyConnect: true })));
  });

  describe('by redis', () => {
    conforms(() => withFragile(port, (its) => createClient({ socket: { host: '127.0.0.1', port: its } })));
  });
});

await withRedis('a relay on a Redis Cluster', startCluster, ({ ports }) => {
  const missing = ['the harness has no fragile relay'];
  const prefix = () => `${randomUUID()}:`;

  describe('by ioredis', () => {
    const client = new Cluster(
      ports.map((port) => ({ host: '127.0.0.1', port })),
      { lazyConnect: true },
    );
    afterAll(() => client.disconnect());
    conforms(() => ({ relay: redisRelay(client, { prefix: prefix() }) }), missing);
  });

  describe('by redis', () => {
    const client = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
    conforms(() => ({ relay: redisRelay(client, { prefix: prefix() }) }), missing);
  });
});
