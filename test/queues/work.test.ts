import { describe, expect, it, vi } from 'vitest';
import { ConfigurationError, createPushService, DeliveryError } from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import type { MessageStore } from '../../src/messages/store.js';
import { recordedService } from '../recording/recorded-service.js';
import { MemoryQueue } from '../support/memory-queue.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { TestClock } from '../support/test-clock.js';
import { bound } from '../testing/support/faulty-messages.js';

const message = { event: 'e', channels: ['a'], data: 1 };

function service(settings: Parameters<typeof recordedService>[0] = {}, clock = new TestClock()) {
  const queue = new MemoryQueue(clock);
  return { queue, ...recordedService({ queue, ...settings }, clock) };
}

const warnings = (logger: RecordingLogger): string[] =>
  logger.entries.filter(({ level }) => level === 'warn').map(({ text }) => text);

const refused = () => Promise.reject(new DeliveryError('no', { outcome: 'rejected', retryable: true }));

it('sends a delayed message by its job, when its time comes', async () => {
  const { push, queue, clock, backend } = service();
  const { id, status } = await push.send({ ...message, delay: '30m', priority: 'high' });
  expect(status).toBe('waiting');
  await vi.waitFor(() => expect(queue.added).toHaveLength(1));
  expect(queue.added).toEqual([{ key: `${id}-0`, id, service: 'default', priority: 'high', inMs: 1_800_000 }]);
  await clock.advance(1_800_000 - 1);
  expect(backend.sent).toEqual([]);
  await clock.advance(1);
  await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 1 }));
  expect(backend.sent).toEqual([['a']]);
  await push.close();
});

it('adds a job for what waits, and none for what is sent at once', async () => {
  const { push, queue, backend, clock } = service();
  await push.messages.count();
  await clock.advance(0);
  await push.send(message);
  expect(backend.sent).toEqual([['a']]);
  await clock.advance(0);
  expect(queue.added).toEqual([]);
  const { id } = await push.send({ ...message, channels: ['b'], wait: false });
  await vi.waitFor(() => expect(backend.sent).toEqual([['a'], ['b']]));
  expect(queue.added.map(({ key }) => key)).toEqual([`${id}-0`]);
  await push.close();
});

it('makes one job for each attempt', async () => {
  const { push, queue, backend, clock } = service();
  await push.messages.count();
  await clock.advance(0);
  backend.answer = refused;
  const { id, status } = await push.send(message);
  expect(status).toBe('waiting');
  await clock.advance(90_000);
  await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ attempts: 2 }));
  expect(queue.added.map(({ key }) => key)).toEqual([`${id}-1`, `${id}-2`]);
  await clock.advance(2 * 3_600_000);
  await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR', attempts: 3 }));
  expect(queue.added).toHaveLength(2);
  expect(backend.requests).toHaveLength(3);
  await push.close();
});

it('finds nothing to do for a message that was cancelled, sent or removed', async () => {
  const { push, queue, backend, clock } = service();
  const { id } = await push.send({ ...message, delay: '1m', key: 'k' });
  expect(await push.cancel('k')).toBe(1);
  await clock.advance(60_000);
  await vi.waitFor(() => expect(queue.handed).toHaveLength(1));
  queue.hand({ key: 'other', id: '00000000-0000-4000-8000-000000000000', service: 'default', priority: 'low' });
  await clock.advance(60_000);
  expect(backend.sent).toEqual([]);
  expect(queue.size).toBe(0);
  expect(await push.messages.get(id)).toMatchObject({ state: 'CANCELLED' });
  await push.close();
});

it('sends a message once whose job is handed out twice', async () => {
  const { push, queue, backend, clock } = service();
  const { id } = await push.send({ ...message, delay: '1m' });
  const job = { id, service: 'default', priority: 'normal' } as const;
  await clock.advance(60_000);
  for (let n = 0; n < 5; n++) queue.hand({ ...job, key: `again-${n}` });
  await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' }));
  await clock.advance(20_000);
  expect(backend.sent).toEqual([['a']]);
  await push.close();
});

it('puts back a job that comes before its time, for the time that is left', async () => {
  const { push, queue, backend, clock } = service();
  await push.messages.count();
  await clock.advance(0);
  const { id } = await push.send({ ...message, delay: '1m' });
  await vi.waitFor(() => expect(queue.added).toHaveLength(1));
  await clock.advance(20_000);
  queue.lose();
  queue.hand({ key: `${id}-0`, id, service: 'default', priority: 'normal' });
  await vi.waitFor(() => expect(queue.added).toHaveLength(2));
  expect(queue.added[1]).toMatchObject({ id, inMs: 40_000, key: expect.stringContaining(`${id}-again-`) });
  await clock.advance(40_000 - 1);
  expect(backend.sent).toEqual([]);
  await clock.advance(1);
  await vi.waitFor(() => expect(backend.sent).toEqual([['a']]));
  await push.close();
});

it('finds in the store what the queue has lost, and adds it once', async () => {
  const { push, queue, backend, clock } = service();
  const { id } = await push.send({ ...message, delay: '1m' });
  await vi.waitFor(() => expect(queue.size).toBe(1));
  queue.lose();
  await clock.advance(60_000);
  expect(backend.sent).toEqual([]);
  await clock.advance(15_000);
  await vi.waitFor(() => expect(backend.sent).toEqual([['a']]));
  expect(queue.added.map(({ key }) => key)).toEqual([`${id}-0`, `${id}-0`]);
  await push.close();
});

it('adds what it finds overdue by the key that it was added with, so that no second job stands for it', async () => {
  const { push, queue, backend, clock } = service({ worker: { concurrency: 1 } });
  await push.messages.count();
  await clock.advance(0);
  let answer = (): void => {};
  backend.answer = () => new Promise<void>((resolve) => (answer = resolve));
  for (let n = 0; n < 5; n++) await push.send({ ...message, wait: false });
  await vi.waitFor(() => expect(backend.requests).toHaveLength(1));
  await clock.advance(60_000);
  expect(queue.added).toHaveLength(5);
  for (let sent = 1; sent <= 5; sent++) {
    await vi.waitFor(() => expect(backend.requests).toHaveLength(sent));
    answer();
    await clock.advance(0);
  }
  await vi.waitFor(async () => expect(await push.messages.count({ state: 'SENT' })).toBe(5));
  expect(queue.added).toHaveLength(5);
  await push.close();
});

it('sends although the queue is away, warns of it once, and sends what waits when it is back', async () => {
  const { push, queue, backend, clock, logger } = service();
  await push.messages.count();
  await clock.advance(0);
  queue.failure = new Error('connection refused');
  for (let n = 0; n < 3; n++) expect((await push.send({ ...message, wait: false })).status).toBe('waiting');
  expect((await push.send({ ...message, channels: ['now'] })).status).toBe('accepted');
  await clock.advance(60_000);
  expect(backend.sent).toEqual([['now']]);
  expect((await push.work()).state).toBe('queue away');
  expect(warnings(logger).filter((text) => text.includes('queue'))).toEqual([
    'the memory queue takes no jobs: messages wait in the store until it does',
  ]);
  queue.failure = undefined;
  await clock.advance(20_000);
  await vi.waitFor(async () => expect(await push.messages.count({ state: 'SENT' })).toBe(4));
  expect(backend.sent).toHaveLength(4);
  expect((await push.work()).state).toBe('working');
  await push.close();
});

it('is "queue away" while the queue tells of errors, and until it hands out a job; one of them is a warning', async () => {
  const { push, queue, clock, logger } = service();
  await push.messages.count();
  await clock.advance(0);
  const worker = await push.work();
  const outages = (): string[] => warnings(logger).filter((text) => text.includes('hands out no jobs'));
  for (let n = 0; n < 3; n++) {
    queue.tell(new Error('connection refused'));
    expect(worker.state).toBe('queue away');
    await clock.advance(60_000);
  }
  expect(worker.state).toBe('queue away');
  expect(outages()).toEqual(['the memory queue hands out no jobs: messages wait in the store until it does']);
  await clock.advance(60_000);
  expect(worker.state).toBe('working');
  queue.tell(new Error('connection refused'));
  expect(worker.state).toBe('queue away');
  expect(outages()).toHaveLength(2);
  const { id } = await push.send({ ...message, wait: false });
  await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' }));
  expect(worker.state).toBe('working');
  await push.close();
});

it('spends no attempt while the provider is away, and sends all when it is back', async () => {
  const { push, queue, backend, clock } = service();
  await push.messages.count();
  await clock.advance(0);
  backend.answer = refused;
  for (let n = 0; n < 20; n++) await push.send({ ...message, wait: false });
  await clock.advance(600_000);
  const spent = (await push.messages.find()).messages.map(({ attempts }) => attempts);
  expect(Math.max(...spent)).toBeLessThanOrEqual(1);
  expect((await push.work()).state).toBe('provider away');
  backend.answer = async () => {};
  await clock.advance(3_600_000);
  await vi.waitFor(async () => expect(await push.messages.count({ state: 'SENT' })).toBe(20));
  expect(queue.size).toBe(0);
  await push.close();
});

it('tries a message whose worker died under it alone', async () => {
  const store = memoryMessages();
  const { push, backend, clock } = service({ messages: store });
  const base = { service: 'default', event: 'e', recipients: { channels: ['dead'] }, priority: 'normal' } as const;
  const texts = { relatedTo: [], content: '{}\n1', details: '{"timeout":1000}', sendAfter: { inMs: 0 } };
  const id = '10000000-0000-4000-8000-000000000000';
  await push.messages.count();
  await clock.advance(0);
  await store.insert([{ id, ...base, ...texts, lease: { token: 'dead', ms: 1_000 } }], { now: clock.now() });
  let answer = (): void => {};
  backend.answer = () => new Promise<void>((resolve) => (answer = resolve));
  await push.send({ ...message, wait: false });
  await vi.waitFor(() => expect(backend.requests).toHaveLength(1));
  await clock.advance(20_000);
  await push.send({ ...message, channels: ['b'], wait: false });
  await clock.advance(20_000);
  // It is claimed, and waits for the other to end.
  expect(await push.messages.get(id)).toMatchObject({ state: 'SENDING' });
  expect(backend.requests).toHaveLength(1);
  answer();
  await vi.waitFor(() => expect(backend.requests).toHaveLength(2));
  await clock.advance(1_000);
  expect(backend.requests).toHaveLength(2);
  answer();
  await vi.waitFor(() => expect(backend.requests).toHaveLength(3));
  answer();
  await vi.waitFor(async () => expect(await push.messages.count({ state: 'SENT' })).toBe(3));
  expect((await store.get('default', [id]))[0]).toMatchObject({ deaths: 1 });
  await push.close();
});

it('hands jobs of another service back, and says once that each needs a queue of its own', async () => {
  const { push, queue, logger, clock } = service();
  await push.messages.count();
  await clock.advance(0);
  const id = '10000000-0000-4000-8000-000000000000';
  for (const key of ['x', 'y']) queue.hand({ key, id, service: 'blog', priority: 'low' });
  await vi.waitFor(() => expect(queue.added).toHaveLength(2));
  expect(queue.added[0]).toMatchObject({ id, service: 'blog', inMs: 1_000 });
  expect(warnings(logger)).toEqual([
    'the memory queue hands out jobs of the service "blog" to the service "default": give each service a queue of its own',
  ]);
  await push.close();
});

it('ends with what is under way, and hands the rest to another process', async () => {
  const [store, clock] = [memoryMessages(), new TestClock()];
  const queue = new MemoryQueue(clock);
  const leaving = recordedService({ messages: store, queue, worker: { concurrency: 1 }, closeTimeout: 100 }, clock);
  await leaving.push.messages.count();
  await clock.advance(0);
  leaving.backend.answer = () => new Promise<never>(() => {});
  for (let n = 0; n < 3; n++) await leaving.push.send({ ...message, wait: false });
  await vi.waitFor(() => expect(leaving.backend.requests).toHaveLength(1));
  await leaving.push.close();
  const { push, backend } = recordedService({ messages: store, queue }, clock);
  await push.messages.count();
  await clock.advance(20_000);
  await vi.waitFor(async () => expect(await push.messages.count({ state: 'SENT' })).toBe(3));
  expect(backend.sent).toHaveLength(3);
  await push.close();
});

it('makes a message due at once that is retried by hand', async () => {
  const { push, backend, clock } = service();
  await push.messages.count();
  await clock.advance(0);
  backend.answer = refused;
  const { id } = await push.send(message);
  backend.answer = async () => {};
  expect(await push.messages.retry(id)).toBe(true);
  await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 2 }));
  await clock.advance(120_000);
  expect(backend.requests).toHaveLength(2);
  await push.close();
});

it('takes no jobs in a process that leaves the work to others, and adds them all the same', async () => {
  const { push, queue, backend, clock } = service({ worker: false });
  await push.send({ ...message, wait: false });
  await vi.waitFor(() => expect(queue.size).toBe(1));
  await clock.advance(60_000);
  expect(backend.sent).toEqual([]);
  await push.work();
  await vi.waitFor(() => expect(backend.sent).toEqual([['a']]));
  await push.close();
});

it('adds nothing before it is in the store', async () => {
  const inner = bound(memoryMessages());
  let goOn = (): void => {};
  const insert: MessageStore['insert'] = async (...of) => {
    await new Promise<void>((resolve) => (goOn = resolve));
    return inner.insert(...of);
  };
  const { push, queue, clock } = service({ messages: { ...inner, insert } });
  const sending = push.send({ ...message, wait: false });
  await clock.advance(0);
  await clock.advance(0);
  expect(queue.added).toEqual([]);
  goOn();
  await sending;
  await vi.waitFor(() => expect(queue.added).toHaveLength(1));
  await push.close();
});

describe('the setting', () => {
  const queue = new MemoryQueue();
  it('needs a message store', () => {
    const make = (): unknown => createPushService({ backend: 'console', queue, logger: new RecordingLogger() });
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow('PUSH_SERVER: "queue" needs "messages", a message store');
  });

  it('is checked', () => {
    const make = (): unknown =>
      createPushService({ backend: 'console', messages: memoryMessages(), queue: 'redis://' as never });
    expect(make).toThrow(
      new ConfigurationError('PUSH_SERVER: "queue" must be a queue, such as bullmqQueue(queue), found a string.'),
    );
  });
});
