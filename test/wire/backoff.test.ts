import { afterEach, expect, it, vi } from 'vitest';
import { backoffDelay } from '../../src/wire/backoff.js';

afterEach(() => vi.restoreAllMocks());

it.each([
  [0, 250, 500],
  [1, 500, 1000],
  [3, 2000, 4000],
  [6, 15_000, 30_000],
  [5000, 15_000, 30_000],
])('after %i failures the delay is from %i to %i ms', (failures, least, most) => {
  const chance = vi.spyOn(Math, 'random');
  chance.mockReturnValue(0);
  expect(backoffDelay(failures, 500, 30_000)).toBe(least);
  chance.mockReturnValue(1);
  expect(backoffDelay(failures, 500, 30_000)).toBe(most);
});
