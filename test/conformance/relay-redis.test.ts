import { randomUUID } from 'node:crypto';
import { test } from 'vitest';
import { redisRelay } from '../../src/server/relay/redis/index.js';
import { relayConformance } from '../../src/testing/index.js';
import { findRedis } from '../support/redis.js';
import { withRedis } from '../support/with-redis.js';

await withRedis('redisRelay with an address', findRedis, (redis) => {
  const create = () => ({ relay: redisRelay(redis.url, { prefix: `${randomUUID()}:` }) });
  for (const { name, run } of relayConformance({ create, quietMs: 20 })) test(name, async () => void (await run()));
});
