import { expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { postgresMessages } from '../../src/messages/postgres/index.js';
import { recordedService } from '../recording/recorded-service.js';
import { MemoryQueue } from '../support/memory-queue.js';
import { withPostgres } from '../support/postgres.js';
import type { TestClock } from '../support/test-clock.js';

const database = withPostgres();
const message = { event: 'e', channels: ['a'], data: 1 };

it('adds no job for what is recorded in a transaction, until a sweep finds it after the commit', async () => {
  const pool = database.pool();
  const queue = new MemoryQueue();
  const settings = { messages: postgresMessages(pool), queue, worker: { sweep: '100ms' } } as const;
  const { push, backend } = recordedService(settings, systemClock as unknown as TestClock);
  onTestFinished(() => push.close());
  await push.messages.count();
  const client = await pool.connect();
  await client.query('BEGIN');
  const { id } = await push.send({ ...message, transaction: client });
  const { id: other } = await push.send({ ...message, wait: false });
  // Sweeps have come by.
  await vi.waitFor(async () => expect(await push.messages.get(other)).toMatchObject({ state: 'SENT' }), 10_000);
  await push.send({ ...message, delay: '300ms' });
  await vi.waitFor(() => expect(backend.requests).toHaveLength(2), 10_000);
  expect(queue.added.some((job) => job.id === id)).toBe(false);
  await client.query('COMMIT');
  client.release();
  await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' }), 10_000);
  expect(queue.added.filter((job) => job.id === id)).toMatchObject([{ key: `${id}-0`, inMs: 0 }]);
  expect(backend.requests).toHaveLength(3);
});

it('adds no job for what is rolled back', async () => {
  const pool = database.pool();
  const queue = new MemoryQueue();
  const settings = { messages: postgresMessages(pool), queue, worker: { sweep: '100ms' } } as const;
  const { push, backend } = recordedService(settings, systemClock as unknown as TestClock);
  onTestFinished(() => push.close());
  await push.messages.count();
  const client = await pool.connect();
  await client.query('BEGIN');
  const { id } = await push.send({ ...message, transaction: client });
  await client.query('ROLLBACK');
  client.release();
  await push.send({ ...message, delay: '300ms' });
  await vi.waitFor(() => expect(backend.requests).toHaveLength(1), 10_000);
  expect(queue.added.some((job) => job.id === id)).toBe(false);
});
