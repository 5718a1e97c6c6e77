import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Deadline } from '../../src/core/deadline.js';
import { TimeoutError } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const wait = { missing: 'The oracle did not answer', consequence: 'nothing was asked further' };
const never = new Promise<never>(() => {});

test('an answer in time is returned, a failure in time is thrown, and no timer is left', async () => {
  const deadline = new Deadline(100);
  expect(await deadline.wait(Promise.resolve(42), wait)).toBe(42);
  const failure = new Error('no');
  expect(await failureOf(Error, deadline.wait(Promise.reject(failure), wait))).toBe(failure);
  expect(await deadline.isMetBy(Promise.resolve())).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test('no answer in time is a TimeoutError that names who did not answer, and what follows', async () => {
  const [error] = await Promise.all([
    failureOf(TimeoutError, new Deadline(100).wait(never, { ...wait, backend: 'oracle' })),
    vi.advanceTimersByTimeAsync(100),
  ]);
  expect(error.message).toBe('The oracle did not answer within 100 ms: nothing was asked further.');
  expect(error).toMatchObject({ code: 'TIMEOUT', outcome: 'rejected', retryable: true, backend: 'oracle' });
});

test('several waits share one deadline, and what has settled already is in time', async () => {
  const deadline = new Deadline(100);
  await vi.advanceTimersByTimeAsync(60);
  const waits = [deadline.isMetBy(never), failureOf(TimeoutError, deadline.wait(never, wait))];
  await vi.advanceTimersByTimeAsync(40);
  expect((await Promise.all(waits))[0]).toBe(false);
  expect(await deadline.wait(Promise.resolve('here'), wait)).toBe('here');
  expect(await deadline.isMetBy(Promise.resolve())).toBe(true);
});

test('a caller who gives up first gets its own error at once, and no timer is left', async () => {
  const controller = new AbortController();
  const aborted = ({ reason }: AbortSignal): Error => new Error(`given up: ${reason}`);
  const caller = { signal: controller.signal, aborted };
  const waiting = failureOf(Error, new Deadline(100).wait(never, wait, caller));
  controller.abort('tired');
  expect((await waiting).message).toBe('given up: tired');
  expect((await failureOf(Error, new Deadline(100).wait(Promise.resolve(1), wait, caller))).message).toMatch(/tired/);
  expect(vi.getTimerCount()).toBe(0);
});

test('an answer that fails after the deadline is no unhandled rejection', async () => {
  const late = Promise.withResolvers<never>();
  const waiting = failureOf(TimeoutError, new Deadline(100).wait(late.promise, wait));
  await vi.advanceTimersByTimeAsync(100);
  await waiting;
  late.reject(new Error('too late'));
  await vi.advanceTimersByTimeAsync(0);
});
