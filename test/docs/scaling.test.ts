import { randomUUID } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createPushService } from '../../src/index.js';
import { redisRelay } from '../../src/server/relay/redis/index.js';
import { Client } from '../server/support/client.js';
import { startRedis } from '../support/redis.js';
import { withRedis } from '../support/with-redis.js';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/scaling.md'), 'utf8');
const [, rights = ''] = /`ACL SETUSER push on >PASSWORD ([^`]+)`/.exec(page) ?? [];

it('the rights that the page of scaling gives a user are those of all commands in scripts', () => {
  const scripts = globSync('src/server/relay/redis/scripts/*.ts', { cwd: root });
  const commands = scripts.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/\bcall\('([A-Z]+)'/g)].map(([, name = '']) => name),
  );
  expect(commands.length).toBeGreaterThan(50);
  const missing = commands.filter((name) => !rights.split(' ').includes(`+${name.toLowerCase()}`));
  expect([...new Set(missing)]).toEqual([]);
});

await withRedis('the rights that the page of scaling gives a user', startRedis, (redis) => {
  const libraries = {
    ioredis: (url: string) => {
      const client = new Redis(url, { lazyConnect: true });
      onTestFinished(() => client.disconnect());
      return client;
    },
    redis: (url: string) => createClient({ url }),
  };

  it.each(Object.entries(libraries))('suffice for all that nodes do, with the package %s', async (_, client) => {
    const admin = new Redis(redis.url);
    onTestFinished(() => admin.disconnect());
    await admin.call('ACL', 'SETUSER', 'push', 'reset', 'on', '>secret', ...rights.split(' '));
    const relay = redisRelay(client(`redis://push:secret@127.0.0.1:${redis.port}`), {
      prefix: `shop:${randomUUID()}:`,
    });
    const warnings: string[] = [];
    const noting = (...words: unknown[]): void => void warnings.push(inspect(words));
    const logger = { debug: () => {}, info: () => {}, warn: noting, error: noting };
    const open = async () => {
      const service = createPushService({
        backend: 'websocket',
        appId: '1001',
        pubKey: 'key',
        secretKey: 'secret',
        options: { port: 0, host: '127.0.0.1', relay, webhooks: [{ url: 'http://127.0.0.1:9/' }], closeTimeoutMs: 100 },
        logger,
      });
      onTestFinished(() => service.close());
      await service.ready();
      return service;
    };
    const [first, second] = [await open(), await open()];
    const heard = vi.fn();
    second.on('messageReceived', heard);
    await second.subscribe('cache-orders');
    expect((await first.send({ event: 'order', channels: 'cache-orders' })).status).toBe('accepted');
    await vi.waitFor(() => expect(heard).toHaveBeenCalledOnce());
    const page = await Client.connect(first.backend);
    await page.subscribe('cache-orders');
    await page.subscribe('presence-room', await first.channel('presence-room').authorize(page.socketId, { id: 'ann' }));
    await vi.waitFor(async () => expect(await second.channel('presence-room').users()).toEqual(['ann']));
    expect(await second.backend.api.channels()).toEqual(expect.arrayContaining(['cache-orders', 'presence-room']));
    await first.close();
    await vi.waitFor(async () => expect(await second.channel('presence-room').users()).toEqual([]));
    expect(warnings.filter((text) => text.includes('NOPERM'))).toEqual([]);
  });
});
