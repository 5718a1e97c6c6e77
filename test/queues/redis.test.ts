import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { bullmqQueue } from '../../src/queues/bullmq.js';
import { recordedService } from '../recording/recorded-service.js';
import { freePort } from '../support/ports.js';
import { startRedis } from '../support/redis.js';
import type { TestClock } from '../support/test-clock.js';
import { withRedis } from '../support/with-redis.js';

const message = { event: 'e', channels: ['a'], data: 1 };
/** Number of messages that wait when Redis loses everything. */
const MANY = 300;

/** A service on real Redis, by the true time. It ends with the test. */
function service(
  port: number,
  name: string,
  store = memoryMessages(),
  times = { timeout: 1_000, closeTimeout: 4_000 },
) {
  const queue = new Queue(name, { connection: { host: '127.0.0.1', port } });
  queue.on('error', () => {});
  const made = recordedService(
    { messages: store, queue: bullmqQueue(queue), worker: { sweep: '200ms' }, ...times },
    systemClock as unknown as TestClock,
  );
  onTestFinished(async () => {
    await made.push.close();
    // Without Redis it would wait for ever.
    await Promise.race([queue.close(), pause(1_000)]);
  });
  return made;
}

/** How often each message arrived. */
const counts = (requests: readonly { readonly message: { readonly id: string } }[]): ReadonlyMap<string, number> => {
  const found = new Map<string, number>();
  for (const {
    message: { id },
  } of requests)
    found.set(id, (found.get(id) ?? 0) + 1);
  return found;
};

await withRedis('messages that wait in a queue of BullMQ', startRedis, (redis) => {
  it('go at their time', async () => {
    const { push, backend } = service(redis.port, randomUUID());
    const begin = Date.now();
    const { id } = await push.send({ ...message, delay: '600ms' });
    await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' }), 10_000);
    const record = await push.messages.get(id);
    expect(record?.sentAt?.getTime()).toBeGreaterThanOrEqual(begin + 600);
    expect(backend.sent).toEqual([['a']]);
  });

  it('are neither lost nor sent twice when Redis loses everything in the middle', async () => {
    const { push, backend } = service(redis.port, randomUUID());
    const client = new Redis(redis.url);
    onTestFinished(() => client.disconnect());
    await push.sendMany(
      Array.from({ length: MANY }, (_, n) => ({ ...message, delay: n % 3 === 0 ? ('1s' as const) : '10ms' })),
    );
    await vi.waitFor(() => expect(backend.requests.length).toBeGreaterThan(MANY / 10), 10_000);
    await client.flushall();
    await vi.waitFor(async () => expect(await push.messages.count({ state: 'SENT' })).toBe(MANY), 15_000);
    expect([...counts(backend.requests).values()]).toEqual(new Array(MANY).fill(1));
  });

  it('are sent once by two processes on one queue', async () => {
    const [store, name] = [memoryMessages(), randomUUID()];
    const both = [service(redis.port, name, store), service(redis.port, name, store)];
    const [first] = both as [(typeof both)[0]];
    await Promise.all(
      both.map(({ push }) =>
        push.sendMany(Array.from({ length: MANY }, () => ({ ...message, delay: '300ms' as const }))),
      ),
    );
    await vi.waitFor(async () => expect(await first.push.messages.count({ state: 'SENT' })).toBe(2 * MANY), 15_000);
    const requests = both.flatMap(({ backend }) => backend.requests);
    expect([...counts(requests).values()]).toEqual(new Array(2 * MANY).fill(1));
    for (const { backend } of both) expect(backend.requests.length).toBeGreaterThan(0);
  });

  it('go back and are sent by another process when theirs closes with jobs under way', async () => {
    const [store, name] = [memoryMessages(), randomUUID()];
    // It gives up what is under way long before the deadline of a request.
    const leaving = service(redis.port, name, store, { timeout: 20_000, closeTimeout: 1_000 });
    leaving.backend.answer = (request) =>
      new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason)));
    await leaving.push.sendMany(Array.from({ length: 20 }, () => ({ ...message, wait: false })));
    await vi.waitFor(() => expect(leaving.backend.requests.length).toBeGreaterThan(0), 10_000);
    const { push, backend } = service(redis.port, name, store);
    await push.messages.count();
    await leaving.push.close();
    await vi.waitFor(async () => expect(await push.messages.count({ state: 'SENT' })).toBe(20), 15_000);
    expect([...counts(backend.requests).values()].every((count) => count === 1)).toBe(true);
  });
});

await withRedis('a worker whose connection to Redis is lost', startRedis, (redis) => {
  it('is "queue away", and warns of it once, although the queue takes jobs', async () => {
    const queue = new Queue(randomUUID(), { connection: { host: '127.0.0.1', port: redis.port } });
    const connection = { host: '127.0.0.1', port: await freePort(), maxRetriesPerRequest: null };
    const { push, logger } = recordedService(
      { messages: memoryMessages(), queue: bullmqQueue(queue, { connection }), timeout: 500, closeTimeout: 1_000 },
      systemClock as unknown as TestClock,
    );
    onTestFinished(async () => {
      await push.close();
      await queue.close();
    });
    const worker = await push.work();
    await vi.waitFor(() => expect(worker.state).toBe('queue away'), 10_000);
    const told = (level: string) =>
      logger.entries.filter((each) => each.level === level && each.text.includes('hands out no jobs'));
    await vi.waitFor(() => expect(told('debug')).not.toEqual([]), 10_000);
    expect(told('warn')).toMatchObject([
      { details: { queue: 'bullmq', err: { message: expect.stringContaining('ECONNREFUSED') } } },
    ]);
    await push.send({ ...message, wait: false });
    await vi.waitFor(async () => expect((await queue.getJobCounts())['prioritized']).toBe(1), 10_000);
    expect(worker.state).toBe('queue away');
  });
});

await withRedis('messages of a Redis that goes away', startRedis, (redis) => {
  it('wait in the store, fail no send, and are sent once when it is back', async () => {
    const { port } = redis;
    const { push, backend, logger } = service(port, randomUUID());
    await push.sendMany(Array.from({ length: 50 }, () => ({ ...message, delay: '2s' as const })));
    await push.send({ ...message, wait: false });
    await vi.waitFor(() => expect(backend.requests).toHaveLength(1), 10_000);
    await redis.close();
    const reports = await Promise.all(Array.from({ length: 20 }, () => push.send({ ...message, wait: false })));
    expect(new Set(reports.map(({ status }) => status))).toEqual(new Set(['waiting']));
    expect((await push.send(message)).status).toBe('accepted');
    const warnings = (): unknown[] => logger.entries.filter(({ text }) => text.includes('takes no jobs'));
    await vi.waitFor(() => expect(warnings()).not.toEqual([]), 10_000);
    const after = await startRedis('--port', String(port));
    onTestFinished(() => after?.close());
    await vi.waitFor(async () => expect(await push.messages.count({ state: 'SENT' })).toBe(72), 30_000);
    expect([...counts(backend.requests).values()]).toEqual(new Array(72).fill(1));
  }, 60_000);
});
