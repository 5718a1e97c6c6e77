import { expect, test } from 'vitest';
import { Together } from '../../src/recording/together.js';

/** Calls of a store, each with what went into it. */
function recorder(soon?: (work: () => void) => void): {
  readonly together: Together<number, number>;
  readonly calls: (readonly number[])[];
} {
  const calls: (readonly number[])[] = [];
  const run = async (items: readonly number[]): Promise<readonly number[]> => {
    calls.push(items);
    return items;
  };
  return { together: new Together(run, 1000, soon), calls };
}

test('what is called in one turn goes together, and each caller gets its own answers', async () => {
  const { together, calls } = recorder();
  expect(await Promise.all([together.add([1, 2]), together.add([3])])).toEqual([[1, 2], [3]]);
  expect(calls).toEqual([[1, 2, 3]]);
});

test('with setImmediate, what ends in callbacks of one turn of the event loop goes together', async () => {
  const { together, calls } = recorder(setImmediate);
  const answers: Promise<readonly number[]>[] = [];
  await new Promise<void>((resolve) => {
    // Each has its microtasks behind it, as the callback of a socket or a timer has.
    setImmediate(() => answers.push(together.add([1])));
    setImmediate(() => answers.push(together.add([2])));
    setImmediate(resolve);
  });
  expect(await Promise.all(answers)).toEqual([[1], [2]]);
  expect(calls).toEqual([[1, 2]]);
});
