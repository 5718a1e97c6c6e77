import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AbortError, createPushService, DeliveryError, type PushService, type SendReport } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

let backend = new RecordingBackend();
let service: PushService;
let controller = new AbortController();

beforeEach(() => {
  vi.useFakeTimers();
  backend = new RecordingBackend();
  service = createPushService({ backend, concurrency: 2 });
  controller = new AbortController();
});

afterEach(() => {
  vi.useRealTimers();
});

function never(): Promise<never> {
  return new Promise(() => {});
}

function abortable(): { signal: AbortSignal; abort: (reason: unknown) => void } {
  const own = new AbortController();
  return { signal: own.signal, abort: (reason) => own.abort(reason) };
}

function abortErrors(report: SendReport | undefined): unknown[] {
  return (
    report?.rejected.map(({ channel, error }) => [
      channel,
      error.code,
      error instanceof AbortError ? error.outcome : undefined,
    ]) ?? []
  );
}

test('while the users are looked up: the call ends at once, and nothing is sent when the answer comes', async () => {
  const { promise, resolve } = Promise.withResolvers<readonly string[][]>();
  backend = new RecordingBackend();
  service = createPushService({ backend, sessions: { channelsFor: () => promise } });
  const sending = failureOf(AbortError, service.send({ users: 'ann', data: 1, signal: controller.signal }));
  controller.abort('enough');
  expect(await sending).toMatchObject({
    outcome: 'rejected',
    message: 'The signal fired before anything was sent.',
    cause: 'enough',
  });
  resolve([['ann-1']]);
  await vi.runAllTimersAsync();
  expect(backend.requests).toEqual([]);
});

test('while the users are looked up, of a backend that never opens: the call ends', async () => {
  const { promise, resolve } = Promise.withResolvers<readonly string[][]>();
  backend = new RecordingBackend();
  backend.open = never;
  service = createPushService({ backend, sessions: { channelsFor: () => promise } });
  const sending = failureOf(AbortError, service.send({ users: 'ann', data: 1, signal: controller.signal }));
  controller.abort();
  resolve([['ann-1']]);
  expect(await sending).toMatchObject({ outcome: 'rejected', message: 'The signal fired before anything was sent.' });
});

test('in a stalled attempt: the call ends at once, its outcome is unknown, and the backend is told', async () => {
  backend.answer = never;
  const reason = new Error('shutting down');
  const sending = failureOf(DeliveryError, service.send({ channels: 'a', data: 1, signal: controller.signal }));
  await vi.advanceTimersByTimeAsync(5);
  controller.abort(reason);
  const error = await sending;
  expect(backend.requests[0]?.signal.aborted).toBe(true);
  expect(error).toMatchObject({ outcome: 'unknown', report: { attempts: 1 } });
  expect(error.cause).toMatchObject({
    name: 'AbortError',
    cause: reason,
    message: 'The signal fired before this channel was accepted. The message may have arrived.',
  });
});

test('in any moment of an attempt: its signal fires with the reason, and the call ends, before any timer', async () => {
  const reason = new Error('shutting down');
  for (let microtasks = 0; microtasks < 16; microtasks++) {
    const { signal, abort } = abortable();
    let fired: unknown;
    backend.answer = async (request) => {
      request.signal.addEventListener('abort', () => {
        fired = request.signal.reason;
      });
      for (let turn = 0; turn < microtasks; turn++) await undefined;
      abort(reason);
      return never();
    };
    const error = await failureOf(DeliveryError, service.send({ channels: 'a', data: 1, signal }));
    for (let turn = 0; turn < 16; turn++) await undefined;
    expect(error).toMatchObject({ outcome: 'unknown', cause: { name: 'AbortError', cause: reason } });
    expect(fired).toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  }
});

test('an attempt that was ended leaves its place to the next one', async () => {
  backend = new RecordingBackend();
  service = createPushService({ backend, concurrency: 1 });
  backend.answer = ({ channels: [channel] }) => (channel === 'stalled' ? never() : undefined);
  const stalled = failureOf(DeliveryError, service.send({ channels: 'stalled', data: 1, signal: controller.signal }));
  const next = service.send({ channels: 'next', data: 1 });
  await vi.advanceTimersByTimeAsync(5);
  controller.abort();
  await stalled;
  expect(await next).toMatchObject({ status: 'accepted' });
});

test('in the wait between two attempts: the call ends at once, and nothing is sent after it', async () => {
  backend.answer = () => {
    throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
  };
  const sending = failureOf(DeliveryError, service.send({ channels: 'a', data: 1, signal: controller.signal }));
  await vi.advanceTimersByTimeAsync(5);
  const before = Date.now();
  controller.abort();
  const error = await sending;
  expect(Date.now()).toBe(before);
  expect(error.report?.attempts).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
  const { attempts, rejected } = error.report as SendReport;
  await vi.runAllTimersAsync();
  expect(backend.requests).toHaveLength(1);
  expect(error.report).toMatchObject({ attempts, rejected });
});

test('while an attempt waits for its turn: it is not made', async () => {
  const slow = Promise.withResolvers<void>();
  backend.answer = ({ channels: [channel] }) => (channel?.startsWith('slow') ? slow.promise : undefined);
  const others = service.send({ channels: ['slow-1', 'slow-2'], data: 1 });
  await vi.advanceTimersByTimeAsync(5);
  const sending = failureOf(DeliveryError, service.send({ channels: 'waiting', data: 1, signal: controller.signal }));
  await vi.advanceTimersByTimeAsync(5);
  controller.abort();
  const error = await sending;
  slow.resolve();
  expect(await others).toMatchObject({ status: 'accepted' });
  await vi.runAllTimersAsync();
  expect(backend.sent).toEqual([['slow-1'], ['slow-2']]);
  expect(error).toMatchObject({ outcome: 'rejected', report: { attempts: 0 } });
});

test('between the requests of a large send: what was accepted is reported, what was not sent is not sent', async () => {
  const channels = Array.from({ length: 100 }, (_, index) => `c${index}`);
  backend.answer = (_request, index) => {
    if (index === 9) controller.abort();
  };
  const report = await service.send({ channels, data: 1, signal: controller.signal });
  await vi.runAllTimersAsync();
  const asked = backend.requests.length;
  expect(asked).toBeLessThanOrEqual(11);
  expect(report.status).toBe('partial');
  expect(report.accepted.length + report.rejected.length).toBe(100);
  expect(report.attempts).toBe(asked);
  const sent = new Set(backend.sent.flat());
  expect(report.accepted.every((channel) => sent.has(channel))).toBe(true);
  for (const { channel, error } of report.rejected) {
    expect(error).toMatchObject({ code: 'ABORTED', outcome: sent.has(channel) ? 'unknown' : 'rejected' });
  }
});

test("by sendMany's signal: messages that went out are accepted, the others are not sent", async () => {
  backend.answer = ({ channels: [channel] }) => (channel === 'a' ? undefined : never());
  const sending = service.sendMany(
    ['a', 'b', 'c', 'd'].map((name) => ({ event: name, channels: name, data: 1 })),
    { signal: controller.signal },
  );
  await vi.advanceTimersByTimeAsync(5);
  controller.abort();
  const reports = await sending;
  expect(reports.map(({ status }) => status)).toEqual(['accepted', 'rejected', 'rejected', 'rejected']);
  expect(reports.flatMap(abortErrors)).toEqual([
    ['b', 'ABORTED', 'unknown'],
    ['c', 'ABORTED', 'unknown'],
    ['d', 'ABORTED', 'rejected'],
  ]);
  expect(backend.sent).toEqual([['a'], ['b'], ['c']]);
});

test('after the send: the report stays as it was', async () => {
  const report = await service.send({ channels: 'a', data: 1, signal: controller.signal });
  controller.abort();
  await vi.runAllTimersAsync();
  expect(report).toMatchObject({ status: 'accepted', rejected: [] });
  expect(backend.requests[0]?.signal.aborted).toBe(false);
});

describe('one signal for many sends', () => {
  test('keeps no listeners and warns of none', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const { signal } = controller;
    let listeners = 0;
    let added = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...parameters: Parameters<typeof addEventListener>) => {
      listeners++;
      added++;
      addEventListener.apply(signal, parameters);
    };
    signal.removeEventListener = (...parameters: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, parameters);
    };
    backend = new RecordingBackend();
    service = createPushService({ backend, concurrency: 50 });
    await service.send({ channels: Array.from({ length: 500 }, (_, index) => `c${index}`), data: 1, signal });
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => service.send({ channels: `d${index}`, data: 1, signal })),
    );
    await vi.runAllTimersAsync();
    process.off('warning', onWarning);
    expect(added).toBeGreaterThan(0);
    expect(listeners).toBe(0);
    expect(warnings).toEqual([]);
  });
});

test('however early in an attempt: its signal fires before the attempt has gone on far', async () => {
  const fired: boolean[] = [];
  for (let microtasks = 0; microtasks < 12; microtasks++) {
    const { signal, abort } = abortable();
    backend.answer = async (request) => {
      for (let turn = 0; turn < microtasks; turn++) await undefined;
      abort('enough');
      for (let turn = 0; turn < 3; turn++) await undefined;
      fired.push(request.signal.aborted);
    };
    await failureOf(DeliveryError, service.send({ channels: 'a', data: 1, signal }));
    for (let turn = 0; turn < 16; turn++) await undefined;
  }
  expect(fired).toEqual(Array.from({ length: 12 }, () => true));
});
