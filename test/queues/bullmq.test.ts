import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConfigurationError } from '../../src/index.js';
import { bullmqQueue } from '../../src/queues/bullmq.js';
import { queueConformance } from '../../src/testing/index.js';
import { freePort } from '../support/ports.js';
import { findRedis } from '../support/redis.js';
import { withRedis } from '../support/with-redis.js';

await withRedis('a queue of BullMQ', findRedis, ({ port }) => {
  const connection = { host: '127.0.0.1', port };
  const newQueue = (name: string, prefix = 'push'): Queue => new Queue(name, { connection, prefix });

  describe('passes the suite', () => {
    const cases = queueConformance({
      create() {
        const name = `test-${randomUUID()}`;
        const queues = [newQueue(name)];
        const [first] = queues as [Queue];
        return {
          queue: bullmqQueue(first),
          another() {
            const queue = newQueue(name);
            queues.push(queue);
            return bullmqQueue(queue);
          },
          async close() {
            await first.obliterate({ force: true });
            await Promise.all(queues.map((queue) => queue.close()));
          },
        };
      },
    });
    it.each(cases)('$name', async ({ run }) => {
      expect(await run()).toEqual({ skipped: undefined });
    });
  });

  it('works on a client of ioredis that gives commands up, and closes neither it nor the queue', async () => {
    const client = new Redis({ ...connection, maxRetriesPerRequest: 5 });
    const queue = new Queue(`test-${randomUUID()}`, { connection: client });
    onTestFinished(async () => {
      await queue.obliterate({ force: true });
      await queue.close();
      client.disconnect();
    });
    const jobs = bullmqQueue(queue);
    const { promise: handed, resolve } = Promise.withResolvers<unknown>();
    const end = await jobs.process(async (job) => resolve(job), { concurrency: 1, onError: () => {} });
    const job = { key: 'a-0', id: randomUUID(), service: 'shop', priority: 'high' } as const;
    await jobs.add([{ ...job, inMs: 0 }]);
    expect(await handed).toEqual(job);
    await end();
    expect(await client.ping()).toBe('PONG');
    await jobs.add([{ ...job, key: 'a-1', inMs: 0 }]);
    expect(await queue.getWaitingCount()).toBe(1);
  });

  it('leaves nothing of a job that has ended, and puts nothing of its message into Redis', async () => {
    const queue = newQueue(`test-${randomUUID()}`);
    onTestFinished(async () => {
      await queue.obliterate({ force: true });
      await queue.close();
    });
    const jobs = bullmqQueue(queue);
    const id = randomUUID();
    await jobs.add([{ key: `${id}-0`, id, service: 'shop', priority: 'low', inMs: 60_000 }]);
    const [waiting] = await queue.getDelayed();
    expect(waiting?.data).toEqual({ key: `${id}-0`, id, service: 'shop', priority: 'low' });
    expect(waiting?.opts).toMatchObject({ attempts: 1, priority: 20, removeOnComplete: true, removeOnFail: true });
    await waiting?.promote();
    const { promise: handed, resolve } = Promise.withResolvers<void>();
    const end = await jobs.process(async () => resolve(), { concurrency: 1, onError: () => {} });
    await handed;
    await end();
    expect(await queue.getJobCounts()).toMatchObject({ completed: 0, failed: 0, delayed: 0, active: 0 });
  });
});

it('tells of the errors of its worker, without the command that failed', async () => {
  const port = await freePort();
  const queue = new Queue(`test-${randomUUID()}`, { connection: { host: '127.0.0.1', port } });
  queue.on('error', () => {});
  const jobs = bullmqQueue(queue, { connection: { host: '127.0.0.1', port, maxRetriesPerRequest: null } });
  const { promise: told, resolve } = Promise.withResolvers<Error>();
  const end = await jobs.process(async () => {}, { concurrency: 1, onError: resolve });
  onTestFinished(async () => {
    await Promise.race([Promise.all([end(), queue.close()]), pause(500)]);
  });
  const error = await told;
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  expect(Object.keys(error)).toEqual(['code']);
});

it('closes the client that it has made when the worker cannot be made', async () => {
  const made = Object.assign(new EventEmitter(), { disconnect: vi.fn() });
  const connection = { options: { maxRetriesPerRequest: 5 }, duplicate: () => made };
  const queue = { name: 'q', opts: { connection }, addBulk: async () => {} };
  class Worker {
    constructor() {
      throw new Error('no room');
    }
  }
  const jobs = bullmqQueue(queue, { Worker: Worker as never });
  await expect(jobs.process(async () => {}, { concurrency: 1, onError: () => {} })).rejects.toThrow('no room');
  expect(made.disconnect).toHaveBeenCalledOnce();
});

it.each<[string, () => unknown, string]>([
  ['no queue', () => bullmqQueue('push' as never), 'bullmqQueue() takes a queue of BullMQ'],
  ['an unknown option', () => bullmqQueue({ addBulk() {} } as never, { conection: {} } as never), '"conection"'],
])('refuses %s', (_what, make, words) => {
  expect(make).toThrow(words);
  expect(make).toThrow(words.includes('conection') ? Error : ConfigurationError);
});
