import { expect, onTestFinished, test } from 'vitest';
import { createPushService, DeliveryError, type PushService, type SendOptions } from '../../src/index.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';

function start(limits = {}): { push: PushService; backend: RecordingBackend; logger: RecordingLogger } {
  const [backend, logger] = [new RecordingBackend(limits), new RecordingLogger()];
  const push = createPushService({ backend, logger, retries: 0 });
  const rejected: unknown[] = [];
  const note = (error: unknown): unknown => rejected.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => {
    process.off('unhandledRejection', note);
    expect(rejected).toEqual([]);
  });
  return { push, backend, logger };
}

test('returns nothing, and close waits for the message', async () => {
  const { push, backend, logger } = start();
  const answer = Promise.withResolvers<void>();
  backend.answer = () => answer.promise;
  expect(push.fire({ event: 'order.shipped', channels: 'orders', data: 1 })).toBeUndefined();
  const closing = push.close();
  await new Promise(setImmediate);
  expect([backend.sent, backend.calls]).toEqual([[['orders']], ['open']]);
  answer.resolve();
  await closing;
  expect(backend.calls).toEqual(['open', 'close']);
  expect(logger.entries).toEqual([]);
});

test('logs a message that was refused, before close ends', async () => {
  const { push, backend, logger } = start();
  backend.answer = () => Promise.reject(new Error('no'));
  push.fire({ event: 'order.shipped', channels: 'orders', data: 1 });
  await push.close();
  expect(logger.entries.filter(({ level }) => level !== 'debug')).toEqual([
    {
      level: 'error',
      details: { err: expect.any(DeliveryError), event: 'order.shipped' },
      text: 'a message of fire() could not be sent',
    },
  ]);
});

test('logs the channels of a message that were refused', async () => {
  const { push, backend, logger } = start();
  backend.answer = ({ channels }) => (channels[0] === 'b' ? Promise.reject(new Error('no')) : undefined);
  push.fire({ event: 'e', channels: ['a', 'b'], data: 1 });
  await push.close();
  expect(logger.entries.filter(({ level }) => level !== 'debug')).toMatchObject([
    {
      level: 'warn',
      details: { event: 'e', rejected: [{ channel: 'b', error: { message: 'The recording backend failed: no' } }] },
      text: 'a message of fire() was not accepted for some of its channels',
    },
  ]);
});

test.each<[string, unknown, string]>([
  ['nothing', undefined, 'send() takes one object: send({ event, channels, data }).'],
  ['a misspelt option', { chanels: 'a' }, 'send() has no option "chanels"; did you mean "channels"?'],
  [
    'an option that cannot be read',
    {
      get event() {
        throw new Error('no event');
      },
    },
    'needs "channels" or "users"',
  ],
  ['data that JSON loses', { channels: 'a', data: new Map() }, '"data" is an instance of Map, whose'],
])('throws for no wrong argument, and logs it: %s', async (_what, options, words) => {
  const { push, backend, logger } = start();
  push.fire(options as SendOptions);
  await push.close();
  expect(backend.requests).toEqual([]);
  expect(logger.entries).toMatchObject([
    { level: 'error', details: { err: { message: expect.stringContaining(words) } } },
  ]);
});

test('of a closed service is logged, and one whose signal fires is no failure', async () => {
  const { push, logger } = start();
  push.fire({ channels: 'a', signal: AbortSignal.abort() });
  await push.close();
  expect(logger.entries.map(({ level }) => level)).toEqual(['debug']);
  await using closed = createPushService({ backend: 'console', logger });
  await closed.close();
  const complained: unknown[] = [];
  const { error } = console;
  console.error = (...parts) => complained.push(...parts);
  closed.fire({ channels: 'a' });
  console.error = error;
  expect(complained).toMatchObject([
    'pushrail: a message of fire() could not be sent',
    { err: { message: 'The push service is closed: call configure() to use it again.' } },
  ]);
});
