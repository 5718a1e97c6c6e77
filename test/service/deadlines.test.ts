import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  AbortError,
  createPushService,
  DeliveryError,
  type PushServerSettings,
  type PushService,
  TimeoutError,
  ValidationError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';

let backend = new RecordingBackend();
let logger = new RecordingLogger();
let start = 0;

beforeEach(() => {
  vi.useFakeTimers();
  backend = new RecordingBackend();
  logger = new RecordingLogger();
  start = Date.now();
});

afterEach(() => void vi.useRealTimers());

function never(): Promise<never> {
  return new Promise(() => {});
}

function serviceWith(settings: Partial<PushServerSettings> = {}): PushService {
  return createPushService({ backend, logger, ...settings } as PushServerSettings);
}

/** The error that a call ends with, and how long it took, while time passes. */
async function lateFailure(work: () => Promise<unknown>): Promise<{ error: TimeoutError; afterMs: number }> {
  const before = Date.now();
  let afterMs = Number.NaN;
  const ended = failureOf(TimeoutError, work()).finally(() => {
    afterMs = Date.now() - before;
  });
  await vi.runAllTimersAsync();
  return { error: await ended, afterMs };
}

describe('a session adapter that never answers', () => {
  const sessions = { channelsFor: never };
  const toAnn = { users: 'ann', event: 'e', data: 1 };

  test('ends a send with the setting `timeout`: nothing is sent, and it may be tried again', async () => {
    const { error, afterMs } = await lateFailure(() => serviceWith({ sessions, timeout: 500 }).send(toAnn));
    expect(afterMs).toBe(500);
    expect(error.message).toBe('The session adapter did not answer within 500 ms: nothing was sent.');
    expect(error).toMatchObject({ outcome: 'rejected', retryable: true });
    expect(backend.requests).toEqual([]);
  });

  test('has 10 s by default, and as long as the call says', async () => {
    const push = serviceWith({ sessions });
    expect(await lateFailure(() => push.send(toAnn))).toMatchObject({ afterMs: 10_000 });
    expect(await lateFailure(() => push.send({ ...toAnn, timeout: 70 }))).toMatchObject({ afterMs: 70 });
  });

  test('has as long as the most patient message of a sendMany that asks it', async () => {
    const messages = [
      { ...toAnn, timeout: 70 },
      { ...toAnn, timeout: 300 },
    ];
    expect(await lateFailure(() => serviceWith({ sessions }).sendMany(messages))).toMatchObject({ afterMs: 300 });
  });

  test('is not waited for when the signal fires', async () => {
    const controller = new AbortController();
    const sending = failureOf(AbortError, serviceWith({ sessions }).send({ ...toAnn, signal: controller.signal }));
    await vi.advanceTimersByTimeAsync(200);
    controller.abort();
    expect((await sending).message).toBe('The signal fired before anything was sent.');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('does not keep wrong arguments from being refused at once', async () => {
    await failureOf(ValidationError, serviceWith({ sessions }).send({ users: 'ann', event: '', data: 1 }));
    expect(Date.now()).toBe(start);
  });

  test('ends clientConfig()', async () => {
    const push = serviceWith({ sessions, timeout: 500 });
    const { error, afterMs } = await lateFailure(() => push.clientConfig({ user: 'ann' }));
    expect(afterMs).toBe(500);
    expect(error.message).toBe(
      'The session adapter did not answer within 500 ms: no configuration was made, and nothing was sent.',
    );
  });

  test('ends the authorisation of a channel', async () => {
    const push = createPushService({
      backend: 'websocket',
      appId: 'shop',
      pubKey: 'shop-key',
      secretKey: 'secret',
      sessions,
      timeout: 500,
    });
    const { error } = await lateFailure(() =>
      push.authorizeChannel({ channel: 'private-a', socketId: '1.2', user: 'ann' }),
    );
    expect(error.message).toBe(
      'The session adapter did not answer within 500 ms: nothing was authorised, and nothing was sent.',
    );
    await push.close();
  });
});

test('a rule that never answers ends the authorisation of its channel', async () => {
  const keys = { appId: 'shop', pubKey: 'shop-key', secretKey: 'secret' };
  const push = createPushService({ backend: 'websocket', ...keys, timeout: 500 });
  push.authorize('private-orders.{id}', never);
  const request = { channel: 'private-orders.42', socketId: '1.2', user: 'ann' };
  const { error, afterMs } = await lateFailure(() => push.authorizeChannel(request));
  expect(afterMs).toBe(500);
  expect(error.message).toBe(
    'The rule for "private-orders.{id}" did not answer within 500 ms: nothing was authorised, and nothing was sent.',
  );
  await push.close();
});

describe('a backend that never opens', () => {
  test.each<[string, (push: PushService) => Promise<unknown>]>([
    ['send', (push) => push.send({ channels: 'a', data: 1 })],
    ['sendMany', (push) => push.sendMany([{ channels: 'a', data: 1 }])],
    ['ready', (push) => push.ready()],
    ['subscribe', (push) => push.subscribe('a')],
    ['unsubscribe', (push) => push.unsubscribe('a')],
    ['the loop over messages', (push) => push.messages('a').next()],
    ['clientConfig', (push) => push.clientConfig()],
    ['authorizeChannel', (push) => push.authorizeChannel({ channel: 'a', user: 'ann' })],
    ['authenticateUser', (push) => push.authenticateUser({ user: 'ann' })],
    ['webhook', (push) => push.webhook({ headers: {}, rawBody: '' })],
    ['info of a channel', (push) => push.channel('a').info()],
  ])('ends %s with the setting `timeout`', async (_, call) => {
    backend.open = never;
    const { error, afterMs } = await lateFailure(() => call(serviceWith({ timeout: 500 })));
    expect(afterMs).toBe(500);
    expect(error.message).toBe('The recording backend did not open within 500 ms: nothing was sent.');
    expect(error).toMatchObject({ outcome: 'rejected', retryable: true, backend: 'recording' });
    expect(backend.requests).toEqual([]);
  });

  test('has as long as the call says, and is used when it opens after all', async () => {
    const opening = Promise.withResolvers<void>();
    backend.open = () => opening.promise;
    const push = serviceWith();
    const message = { channels: 'a', data: 1 };
    expect(await lateFailure(() => push.send({ ...message, timeout: 70 }))).toMatchObject({ afterMs: 70 });
    opening.resolve();
    expect(await push.send(message)).toMatchObject({ status: 'accepted' });
    expect(backend.sent).toEqual([['a']]);
  });
});

test('a backend that is still closing is named by the sends that wait for it', async () => {
  backend.close = never;
  const push = serviceWith();
  await push.ready();
  const next = new RecordingBackend();
  push.configure({ backend: next, timeout: 500 });
  const sending = failureOf(TimeoutError, push.send({ channels: 'a', data: 1 }));
  await vi.advanceTimersByTimeAsync(500);
  expect((await sending).message).toBe(
    'The backend that was configured before the recording backend did not close within 500 ms: nothing was sent.',
  );
  await vi.advanceTimersByTimeAsync(25_000);
  expect(await push.send({ channels: 'a', data: 1 })).toMatchObject({ status: 'accepted' });
});

/** How long `close` takes. */
async function closingTime(push: PushService): Promise<number> {
  const before = Date.now();
  let after = Number.NaN;
  const closing = push.close().finally(() => {
    after = Date.now() - before;
  });
  await vi.runAllTimersAsync();
  await closing;
  return after;
}

describe('close', () => {
  test('takes no longer than `closeTimeout` when the backend never closes, and says so', async () => {
    backend.close = never;
    const push = serviceWith({ closeTimeout: 3_000 });
    expect(await closingTime(push)).toBe(3_000);
    expect(logger.entries).toEqual([
      {
        level: 'warn',
        details: { leftBehind: ['the closing of the recording backend'], closeTimeout: 3_000 },
        text: 'close() did not wait any longer for the closing of the recording backend',
      },
    ]);
  });

  test('takes no longer than 25 s by default', async () => {
    backend.close = never;
    expect(await closingTime(serviceWith())).toBe(25_000);
  });

  test('closes the backend that never opened, after half of the time', async () => {
    backend.open = never;
    expect(await closingTime(serviceWith({ closeTimeout: 3_000 }))).toBe(1_500);
    expect(backend.calls).toEqual(['close']);
    expect(logger.entries).toMatchObject([{ details: { leftBehind: ['the opening of the recording backend'] } }]);
  });

  test('waits for sends to slow session adapters and providers for half of the time, and then closes', async () => {
    backend.answer = never;
    const push = serviceWith({ closeTimeout: 3_000, sessions: { channelsFor: never } });
    const sends = [push.send({ users: 'ann', data: 1 }), push.send({ channels: 'a', data: 1 })];
    const failures = Promise.all([
      failureOf(TimeoutError, sends[0] as never),
      failureOf(DeliveryError, sends[1] as never),
    ]);
    await vi.advanceTimersByTimeAsync(0);
    const closing = push.close();
    await vi.advanceTimersByTimeAsync(1_499);
    expect(backend.calls).toEqual(['open']);
    await vi.advanceTimersByTimeAsync(1);
    await closing;
    expect(backend.calls).toEqual(['open', 'close']);
    expect(logger.entries).toMatchObject([{ level: 'warn', details: { leftBehind: ['2 sends'] } }]);
    await vi.runAllTimersAsync();
    await failures;
  });

  test('names a message of fire once', async () => {
    backend.answer = never;
    const push = serviceWith({ closeTimeout: 3_000 });
    push.fire({ channels: 'a', data: 1 });
    await vi.advanceTimersByTimeAsync(0);
    expect(await closingTime(push)).toBe(1_500);
    const leftBehind = logger.entries.map(({ details }) => (details as { leftBehind?: unknown }).leftBehind);
    expect(leftBehind).toContainEqual(['1 send']);
    await vi.runAllTimersAsync();
  });

  test('waits for subscriptions that never end no longer than half of the time', async () => {
    backend.unsubscribe = never;
    const push = serviceWith({ closeTimeout: 3_000 });
    const loop = push.messages('a');
    void loop.next();
    await vi.advanceTimersByTimeAsync(0);
    expect(await closingTime(push)).toBe(1_500);
    expect(backend.calls).toEqual(['open', 'subscribe a', 'close']);
    expect(logger.entries).toMatchObject([{ details: { leftBehind: ['the end of the subscriptions of messages()'] } }]);
  });

  test('logs nothing when everything ends in time', async () => {
    const push = serviceWith();
    await push.send({ channels: 'a', data: 1 });
    expect(await closingTime(push)).toBe(0);
    expect(logger.entries).toEqual([]);
  });
});
