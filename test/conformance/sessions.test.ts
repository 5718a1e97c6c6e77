import { describe, expect, test } from 'vitest';
import { userChannels } from '../../src/index.js';
import { type SessionHarness, sessionConformance } from '../../src/testing/index.js';
import { findRedis } from '../support/redis.js';
import { startCluster } from '../support/redis-cluster.js';
import { withRedis } from '../support/with-redis.js';
import {
  connectRedisSubject,
  ioredisClusterSubject,
  ioredisSubject,
  memoryStoreSubject,
  memorySubject,
  nodeRedisClusterSubject,
  nodeRedisSubject,
} from './subjects/sessions.js';

const noAnother = 'the harness has no another()';
const noStore = 'the adapter has no add(), remove() and touch()';

/** Registers the suite. @param missing why cases are skipped, so that none goes missing unseen */
function conforms(adapter: string, harness: SessionHarness, missing: readonly string[] = []): void {
  describe(adapter, () => {
    const reasons = new Set<string>();
    for (const { name, run } of sessionConformance(harness)) {
      test(name, async () => {
        const { skipped } = await run();
        if (skipped !== undefined) reasons.add(skipped);
      });
    }

    test(`is tested with everything but what is missing: ${missing.join(', ') || 'nothing'}`, () => {
      expect([...reasons].sort()).toEqual([...missing].sort());
    });
  });
}

conforms('memorySessions', { create: memorySubject }, [noAnother]);
conforms('userChannels', { create: () => ({ sessions: userChannels({ prefix: 'user-' }) }) }, [
  noStore,
  'the harness has no add()',
]);
conforms('expressSessions on a MemoryStore', { create: memoryStoreSubject }, [noStore]);

await withRedis('on Redis', findRedis, ({ url }) => {
  conforms('redisSessions on ioredis', { create: () => ioredisSubject(url) });
  conforms('redisSessions on redis', { create: () => nodeRedisSubject(url) });
  conforms('expressSessions on connect-redis', { create: () => connectRedisSubject(url) }, [noStore]);
});

await withRedis('on a Redis cluster', startCluster, ({ ports }) => {
  conforms('redisSessions on ioredis', { create: () => ioredisClusterSubject(ports) });
  conforms('redisSessions on redis', { create: () => nodeRedisClusterSubject(ports) });
});
