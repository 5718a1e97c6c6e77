import { randomUUID } from 'node:crypto';
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openTransport, type TransportOptions } from '../../../src/server/relay/redis/open-transport.js';
import type { RedisRelayClient } from '../../../src/server/relay/redis/source.js';
import type { RedisTransport } from '../../../src/server/relay/redis/transport.js';
import { startCluster } from '../../support/redis-cluster.js';
import { withRedis } from '../../support/with-redis.js';
import { publishing, RecordingHost } from './support/relay-host.js';

await withRedis(
  'the Redis transport to a Cluster',
  () => startCluster({ masters: 3, withReplicas: true }),
  ({ ports }) => {
    const clients: [name: string, make: () => RedisRelayClient | string][] = [
      [
        'a client of ioredis',
        () => new Cluster([{ host: '127.0.0.1', port: ports[0] as number }], { lazyConnect: true }),
      ],
      [
        'a client of redis',
        () => createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) }),
      ],
      ['an address', () => `redis+cluster://127.0.0.1:1,127.0.0.1:${ports[1]}`],
    ];

    describe.each(clients)('with %s', (_, make) => {
      async function opened(
        options: TransportOptions = {},
      ): Promise<{ host: RecordingHost; transport: RedisTransport }> {
        const host = new RecordingHost();
        const transport = await openTransport(make(), host, { prefix: `test-${randomUUID()}:`, ...options });
        onTestFinished(() => transport.close());
        return { host, transport };
      }

      test('what is published in each partition is heard in its order', async () => {
        const { host, transport } = await opened();
        const channels = Array.from({ length: transport.partitions }, (_, partition) =>
          transport.name(partition, 'news'),
        );
        await Promise.all(channels.map((channel, partition) => transport.subscribe(partition, [channel])));
        const texts = Array.from({ length: 20 }, (_, index) => `message ${index}`);
        await Promise.all(
          texts.flatMap((text) =>
            channels.map((channel, partition) =>
              transport.run(partition, publishing, [channel], [transport.publishCommand, text]),
            ),
          ),
        );
        for (const channel of channels) await host.untilHeard(channel, texts);
        expect(host.deafCalls).toEqual([]);
      });

      test('the partition and the text of a name are found again', async () => {
        const { transport } = await opened();
        for (const partition of [0, 1, 31, 63])
          expect(transport.textOf(transport.name(partition, 'a{b}c'))).toEqual({ partition, text: 'a{b}c' });
      });
    });
  },
);
