import { randomUUID } from 'node:crypto';
import { Cluster } from 'ioredis';
import { afterAll } from 'vitest';
import { redisRelay } from '../../src/server/relay/redis/index.js';
import { startCluster } from '../support/redis-cluster.js';
import { withRedis } from '../support/with-redis.js';
import { relayConforms } from './register-relay.js';

await withRedis('a relay on a Redis Cluster', startCluster, ({ ports }) => {
  const nodes = ports.map((port) => ({ host: '127.0.0.1', port }));
  const client = new Cluster(nodes, { lazyConnect: true });
  afterAll(() => client.disconnect());
  relayConforms(
    () => ({ relay: redisRelay(client, { prefix: `${randomUUID()}:` }) }),
    ['the harness has no empty()', 'the harness has no fragile relay'],
  );
});
