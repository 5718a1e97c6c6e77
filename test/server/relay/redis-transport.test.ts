import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openTransport, type TransportOptions } from '../../../src/server/relay/redis/open-transport.js';
import type { RedisRelayClient } from '../../../src/server/relay/redis/source.js';
import type { RedisTransport } from '../../../src/server/relay/redis/transport.js';
import { findRedis } from '../../support/redis.js';
import { withRedis } from '../../support/with-redis.js';
import { publishing, RecordingHost } from './support/relay-host.js';

await withRedis('the Redis transport', findRedis, ({ url }) => {
  const clients: [name: string, make: () => RedisRelayClient][] = [
    ['ioredis', () => new Redis(url, { lazyConnect: true })],
    ['redis', () => createClient({ url })],
  ];

  describe.each(clients)('with a client of %s', (_, make) => {
    async function opened(options: TransportOptions = {}): Promise<{
      host: RecordingHost;
      transport: RedisTransport;
      publish(channel: string, text: string): Promise<unknown>;
    }> {
      const host = new RecordingHost();
      const transport = await openTransport(make(), host, { prefix: `test-${randomUUID()}:`, ...options });
      onTestFinished(() => transport.close());
      const publish = (channel: string, text: string): Promise<unknown> =>
        transport.run(0, publishing, [channel], [transport.publishCommand, text]);
      return { host, transport, publish };
    }

    test('what is published by a script is heard in its order', async () => {
      const { host, transport, publish } = await opened();
      const channel = transport.name(0, 'news');
      await transport.subscribe(0, [channel]);
      const texts = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
      await Promise.all(texts.map((text) => publish(channel, text)));
      await host.untilHeard(channel, texts);
    });

    test('bytes come through as they are', async () => {
      const { host, transport } = await opened();
      const channel = transport.name(0, 'bytes');
      await transport.subscribe(0, [channel]);
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      await transport.run(0, publishing, [channel], ['PUBLISH', bytes]);
      await vi.waitFor(() => expect(host.messages[0]?.payload).toEqual(Buffer.from(bytes)));
    });

    test('close leaves no timer and no connection', async () => {
      const { transport } = await opened();
      await transport.close();
    });
  });
});
