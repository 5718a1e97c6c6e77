import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocketService } from '../../src/backends/websocket/index.js';
import {
  type AnyBackend,
  createPushService,
  DeliveryError,
  type PushServerSettings,
  TimeoutError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';

let backend = new RecordingBackend();
let start = 0;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(1);
  backend = new RecordingBackend({ maxChannelsPerRequest: 10 });
  start = Date.now();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function never(): Promise<never> {
  return new Promise(() => {});
}

function serviceWith(settings: Partial<PushServerSettings> = {}): ReturnType<typeof createPushService> {
  return createPushService({ backend, ...settings } as PushServerSettings);
}

describe('a backend that does not answer and ignores the signal', () => {
  test('is given up on after the deadline of each attempt', async () => {
    const times: number[] = [];
    backend.answer = () => {
      times.push(Date.now() - start);
      return never();
    };
    const [error] = await Promise.all([
      failureOf(DeliveryError, serviceWith({ timeout: 1_000, retries: 2 }).send({ channels: 'a', data: 1 })),
      vi.runAllTimersAsync(),
    ]);
    expect(times).toEqual([0, 1_500, 3_500]);
    expect(Date.now() - start).toBe(4_500);
    expect(error).toMatchObject({ outcome: 'unknown', retryable: true });
    expect(error.report).toMatchObject({ attempts: 3, status: 'rejected' });
    expect(error.cause).toBeInstanceOf(TimeoutError);
    expect((error.cause as TimeoutError).message).toBe(
      'No answer within 1000 ms; the message may have been delivered.',
    );
  });

  test('has 10 s unless the settings or the call say otherwise', async () => {
    backend.answer = never;
    const push = serviceWith({ retries: 0 });
    await Promise.all([failureOf(DeliveryError, push.send({ channels: 'a', data: 1 })), vi.runAllTimersAsync()]);
    expect(Date.now() - start).toBe(10_000);
    await Promise.all([
      failureOf(DeliveryError, push.send({ channels: 'a', data: 1, timeout: 70 })),
      vi.runAllTimersAsync(),
    ]);
    expect(Date.now() - start).toBe(10_070);
  });

  test('of packed messages, the most patient one sets the deadline', async () => {
    backend = new RecordingBackend({ maxMessagesPerRequest: 10 });
    backend.answer = never;
    const messages = [70, 300, 20].map((timeout) => ({ channels: `c${timeout}`, data: 1, timeout }));
    await Promise.all([
      failureOf(DeliveryError, serviceWith({ retries: 0 }).sendMany(messages)),
      vi.runAllTimersAsync(),
    ]);
    expect(Date.now() - start).toBe(300);
  });

  test('leaves its place to the next request', async () => {
    backend.answer = ({ channels: [channel] }) => (channel === 'stalled' ? never() : undefined);
    const push = serviceWith({ concurrency: 1, timeout: 1_000, retries: 0 });
    const stalled = failureOf(DeliveryError, push.send({ channels: 'stalled', data: 1 }));
    const next = push.send({ channels: 'next', data: 1 });
    await vi.runAllTimersAsync();
    await stalled;
    expect(await next).toMatchObject({ status: 'accepted' });
  });
});

test('of several failed attempts, the last one is in the report', async () => {
  backend.answer = (_request, index) => {
    if (index === 0) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    return never();
  };
  const [error] = await Promise.all([
    failureOf(DeliveryError, serviceWith({ timeout: 1_000, retries: 1 }).send({ channels: ['a', 'b'], data: 1 })),
    vi.runAllTimersAsync(),
  ]);
  expect(error.report?.rejected.map((rejected) => rejected.error.code)).toEqual(['TIMEOUT', 'TIMEOUT']);
});

test('the signal that the backend gets fires at the deadline, and not when the attempt ended in time', async () => {
  backend.answer = (_request, index) => (index === 0 ? never() : undefined);
  const sending = serviceWith({ timeout: 1_000 }).send({ channels: 'a', data: 1 });
  await vi.advanceTimersByTimeAsync(999);
  expect(backend.requests[0]?.signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(backend.requests[0]?.signal.aborted).toBe(true);
  await vi.runAllTimersAsync();
  expect(await sending).toMatchObject({ status: 'accepted', attempts: 2 });
  expect(backend.requests[1]?.signal.aborted).toBe(false);
});

test('a backend that heeds the signal and throws at the deadline has timed out too', async () => {
  backend.answer = ({ signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const [error] = await Promise.all([
    failureOf(DeliveryError, serviceWith({ timeout: 1_000, retries: 0 }).send({ channels: 'a', data: 1 })),
    vi.runAllTimersAsync(),
  ]);
  expect(error.cause).toBeInstanceOf(TimeoutError);
});

test('the deadline counts from the beginning of the attempt, also while a backend keeps the event loop busy', async () => {
  backend.answer = () => {
    vi.advanceTimersByTime(400);
    return never();
  };
  await Promise.all([
    failureOf(DeliveryError, serviceWith({ timeout: 1_000, retries: 0 }).send({ channels: 'a', data: 1 })),
    vi.runAllTimersAsync(),
  ]);
  expect(Date.now() - start).toBe(1_000);
});

test('an attempt that waited for a place has its whole time all the same', async () => {
  const begun: number[] = [];
  backend.answer = () => {
    begun.push(Date.now() - start);
    return never();
  };
  const push = serviceWith({ timeout: 1_000, retries: 0, concurrency: 1 });
  const sends = ['a', 'b'].map((channels) => failureOf(DeliveryError, push.send({ channels, data: 1 })));
  await Promise.all([...sends, vi.runAllTimersAsync()]);
  expect(begun).toEqual([0, 1_000]);
  expect(Date.now() - start).toBe(2_000);
});

describe('a backend that answers at once', () => {
  const data = { x: 1 };

  test.each<[string, () => AnyBackend]>([
    ['in the same turn', () => backend],
    ['of the embedded server', () => new WebSocketService({ appId: 'app', pubKey: 'key', secretKey: 'secret' })],
  ])('needs no timer: %s', async (_what, make) => {
    const used = make();
    const push = createPushService({ backend: used, logger: new RecordingLogger() });
    await push.send({ channels: 'before', data });
    const timer = vi.spyOn(globalThis, 'setTimeout');
    await push.send({ channels: 'a', data });
    await push.send({ channels: ['a', 'b', 'c'], data });
    await push.sendMany(['a', 'b'].map((channels) => ({ channels, data })));
    expect(timer).not.toHaveBeenCalled();
    await push.close();
  });

  test('gets a signal that has not fired, and that does not fire later', async () => {
    await serviceWith({ timeout: 1_000 }).send({ channels: 'a', data: 1 });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(backend.requests.map(({ signal }) => signal.aborted)).toEqual([false]);
    expect(backend.requests[0]?.signal).toBeInstanceOf(AbortSignal);
  });
});

describe('an answer that comes after its deadline', () => {
  const refused = [
    { channel: 'a', error: new Error('late refusal') },
    { channel: 'b', error: new Error('late refusal') },
  ];

  test('changes nothing of an attempt that is under way', async () => {
    const first = Promise.withResolvers<unknown>();
    const second = Promise.withResolvers<unknown>();
    backend.answer = (_request, index) => (index === 0 ? first.promise : second.promise);
    const sending = serviceWith({ timeout: 1_000 }).send({ channels: ['a', 'b'], data: 1 });
    await vi.advanceTimersByTimeAsync(1_600);
    expect(backend.requests).toHaveLength(2);
    first.resolve(refused);
    await vi.advanceTimersByTimeAsync(10);
    second.resolve(undefined);
    await vi.advanceTimersByTimeAsync(10);
    expect(await sending).toMatchObject({ status: 'accepted', accepted: ['a', 'b'], attempts: 2 });
  });

  test('does not make a channel accepted that the next attempt refused', async () => {
    const first = Promise.withResolvers<unknown>();
    backend.answer = (_request, index) =>
      index === 0 ? first.promise : [{ channel: 'a' }, { channel: 'b', error: new Error('refused') }];
    const sending = serviceWith({ timeout: 1_000 }).send({ channels: ['a', 'b'], data: 1 });
    await vi.advanceTimersByTimeAsync(1_600);
    first.resolve(undefined);
    await vi.runAllTimersAsync();
    const report = await sending;
    expect(report).toMatchObject({ status: 'partial', accepted: ['a'] });
    expect(report.rejected[0]?.error.message).toBe('The recording backend failed: refused');
  });

  test('changes nothing of a report that the caller has, and is no unhandled rejection', async () => {
    const late = Promise.withResolvers<unknown>();
    backend.answer = () => late.promise;
    const [error] = await Promise.all([
      failureOf(DeliveryError, serviceWith({ timeout: 1_000, retries: 0 }).send({ channels: ['a', 'b'], data: 1 })),
      vi.runAllTimersAsync(),
    ]);
    const before = structuredClone({
      ...error.report,
      rejected: error.report?.rejected.map(({ channel, error: { message } }) => ({ channel, message })),
    });
    late.reject(new Error('too late'));
    await vi.runAllTimersAsync();
    expect({
      ...error.report,
      rejected: error.report?.rejected.map(({ channel, error: { message } }) => ({ channel, message })),
    }).toEqual(before);
  });

  test('in the very moment of the deadline never counts as accepted what was refused', async () => {
    const push = serviceWith({ timeout: 1_000, retries: 0 });
    for (let microtasks = 0; microtasks < 12; microtasks++) {
      backend.answer = ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', async () => {
            for (let turn = 0; turn < microtasks; turn++) await undefined;
            reject(new Error('refused'));
          });
        });
      await Promise.all([
        failureOf(DeliveryError, push.send({ channels: ['a', 'b'], data: 1 })),
        vi.runAllTimersAsync(),
      ]);
    }
  });
});
