import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { askInTime } from '../../src/core/ask-in-time.js';
import { TimeoutError } from '../../src/core/errors.js';

const wait = { missing: 'The store did not answer', consequence: 'nothing was sent', backend: 'shop' };
const refusal = 'The store did not answer 1000 times, and is not asked again before it does: nothing was sent.';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Somebody who answers when told to. */
class Store {
  readonly answers: PromiseWithResolvers<number>[] = [];

  readonly ask = (): Promise<number> => {
    const answer = Promise.withResolvers<number>();
    this.answers.push(answer);
    return answer.promise;
  };

  /** Is asked so many times at once. @returns the outcomes, in which an error is its message */
  async times(count: number, signal?: AbortSignal): Promise<unknown[]> {
    const caller = { signal, aborted: () => new Error('aborted') };
    const asked = Array.from({ length: count }, () =>
      askInTime(this, this.ask, 500, wait, caller).catch((error: Error) => error.message),
    );
    await vi.advanceTimersByTimeAsync(500);
    return Promise.all(asked);
  }
}

it('who leaves 1 000 calls unanswered is not asked again before one has ended', async () => {
  const store = new Store();
  expect(new Set(await store.times(1000))).toEqual(
    new Set(['The store did not answer within 500 ms: nothing was sent.']),
  );
  const refused = await askInTime(store, store.ask, 500, wait).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(TimeoutError);
  expect(refused).toMatchObject({ message: refusal, outcome: 'rejected', backend: 'shop', retryable: true });
  expect(store.answers).toHaveLength(1000);

  store.answers[0]?.reject(new Error('late'));
  await vi.advanceTimersByTimeAsync(0);
  expect(await store.times(1)).toEqual(['The store did not answer within 500 ms: nothing was sent.']);
  expect(await store.times(1)).toEqual([refusal]);
  for (const { resolve } of store.answers) resolve(42);
  await vi.advanceTimersByTimeAsync(0);
  const answer = askInTime(store, store.ask, 500, wait);
  store.answers.at(-1)?.resolve(43);
  expect(await answer).toBe(43);
});

it('others are asked meanwhile', async () => {
  const [store, other] = [new Store(), new Store()];
  await store.times(1000);
  const answer = askInTime(other, other.ask, 500, wait);
  other.answers[0]?.resolve(42);
  expect(await answer).toBe(42);
});

it('any number of calls that are not late may wait', async () => {
  const store = new Store();
  const asked = Array.from({ length: 2000 }, () => askInTime(store, store.ask, 500, wait));
  for (const { resolve } of store.answers) resolve(42);
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 2000 }, () => 42));
});

it('calls whose callers gave up count when they are late, and not before', async () => {
  const store = new Store();
  const controller = new AbortController();
  const caller = { signal: controller.signal, aborted: () => new Error('aborted') };
  const asked = Array.from({ length: 1000 }, () => askInTime(store, store.ask, 500, wait, caller));
  controller.abort();
  expect(new Set((await Promise.allSettled(asked)).map(({ status }) => status))).toEqual(new Set(['rejected']));
  const inTime = askInTime(store, store.ask, 500, wait);
  store.answers.at(-1)?.resolve(42);
  expect(await inTime).toBe(42);
  vi.advanceTimersByTime(500);
  expect(await store.times(1)).toEqual([refusal]);
});

it('calls that are ten minutes late count as lost', async () => {
  const store = new Store();
  await store.times(1000);
  vi.advanceTimersByTime(600_000);
  expect(await store.times(1)).toEqual([refusal]);
  vi.advanceTimersByTime(1);
  const answer = askInTime(store, store.ask, 500, wait);
  store.answers.at(-1)?.resolve(42);
  expect(await answer).toBe(42);
});
