import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { describe } from 'vitest';
import { type RedisRelayClient, redisRelay } from '../../src/server/relay/redis/index.js';
import { FreezableProxy } from '../support/freezable-proxy.js';
import { findRedis } from '../support/redis.js';
import { withRedis } from '../support/with-redis.js';
import { relayConforms } from './register-relay.js';

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
    async empty() {
      const admin = new Redis(port);
      await admin.del(await admin.keys(`${prefix}*`));
      admin.disconnect();
    },
    close: () => proxy.close(),
  };
}

await withRedis('a relay on one Redis', findRedis, ({ port }) => {
  describe('by ioredis', () => {
    relayConforms(() => withFragile(port, (its) => new Redis(its, { lazyConnect: true })));
  });

  describe('by redis', () => {
    relayConforms(() => withFragile(port, (its) => createClient({ socket: { host: '127.0.0.1', port: its } })));
  });
});
