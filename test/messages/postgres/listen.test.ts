import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { postgresMessages } from '../../../src/messages/postgres/index.js';
import type { MessageStore } from '../../../src/messages/store.js';
import { FreezableProxy } from '../../support/freezable-proxy.js';
import { server, withPostgres } from '../../support/postgres.js';
import { message } from './new-message.js';

const database = withPostgres();
const now = undefined;
let sender: MessageStore;

beforeAll(async () => {
  sender = postgresMessages(database.pool(), { notify: true });
  await sender.open();
});

/** The calls that a service is woken by, in a process of its own. */
async function listening(
  service: string,
  port?: number,
): Promise<{ readonly wake: () => void; readonly stop: () => Promise<void> }> {
  const store = postgresMessages(database.url(port), { notify: true });
  await store.open();
  const wake = vi.fn<() => void>();
  const stop = await store.listen?.(service, wake);
  onTestFinished(async () => {
    await stop?.();
    await store.close();
  });
  return { wake, stop: async () => stop?.() };
}

test('without the option, nothing is told and nobody can listen', async () => {
  expect(postgresMessages(database.pool()).listen).toBeUndefined();
});

test('a message in a transaction wakes others when it commits, and not when it is rolled back', async () => {
  const { wake } = await listening('committed');
  const client = await database.pool({ max: 1 }).connect();
  for (const end of ['ROLLBACK', 'COMMIT']) {
    await client.query('BEGIN');
    await sender.insert([message({ service: 'committed' }), message({ service: 'committed' })], {
      now,
      transaction: client,
    });
    // It comes behind what was told before it.
    await sender.insert([message({ service: 'other' })], { now });
    expect(wake).not.toHaveBeenCalled();
    await client.query(end);
  }
  client.release();
  await expect.poll(() => wake).toHaveBeenCalledTimes(1);
});

test('what is not due, and what its sender holds, wakes nobody', async () => {
  const { wake } = await listening('quiet');
  await sender.insert([message({ service: 'quiet', sendAfter: { inMs: 60_000 } })], { now });
  await sender.insert([message({ service: 'quiet', lease: { token: 'a', ms: 60_000 } })], { now });
  expect(wake).not.toHaveBeenCalled();
  await sender.insert([message({ service: 'quiet' })], { now });
  await expect.poll(() => wake).toHaveBeenCalledTimes(1);
});

test('a connection that is lost is made again, and then everybody looks for what was missed', async () => {
  const { proxy, port } = await FreezableProxy.start(server.port);
  onTestFinished(() => proxy.close());
  const { wake } = await listening('lost', port);
  proxy.cut();
  await expect.poll(() => wake, { timeout: 10_000 }).toHaveBeenCalledTimes(1);
  await sender.insert([message({ service: 'lost' })], { now });
  await expect.poll(() => wake).toHaveBeenCalledTimes(2);
});

test('who has stopped is woken no more, and the last one gives the connection back', async () => {
  const pool = database.pool({ max: 3 });
  const store = postgresMessages(pool, { notify: true });
  await store.open();
  const [first, second] = [vi.fn<() => void>(), vi.fn<() => void>()] as const;
  const stops = await Promise.all([store.listen?.('two', first), store.listen?.('two', second)]);
  expect(pool.totalCount - pool.idleCount).toBe(1);
  await stops[0]?.();
  await sender.insert([message({ service: 'two' })], { now });
  await expect.poll(() => second).toHaveBeenCalledTimes(1);
  expect(first).not.toHaveBeenCalled();
  await stops[1]?.();
  await expect.poll(() => pool.totalCount - pool.idleCount).toBe(0);
  await stops[1]?.();
  await store.close();
});
