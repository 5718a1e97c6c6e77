import { expect, test } from 'vitest';
import { RecentIds } from '../../src/wire/recent-ids.js';

test('ids are new as long as none of them came before', () => {
  const recent = new RecentIds();
  expect(recent.areNew(['1', 'x'])).toBe(true);
  expect(recent.areNew(['1'])).toBe(false);
  expect(recent.areNew(['2', 'x'])).toBe(false);
  expect(recent.areNew(['2'])).toBe(false);
  expect(recent.areNew(['3', 'y'])).toBe(true);
});

test.each([
  [undefined, 1_000],
  [10_000, 10_000],
])('with the limit %j, %i ids are remembered, and the oldest is forgotten first', (limit, remembered) => {
  const recent = new RecentIds(limit);
  for (let index = 0; index <= remembered; index++) recent.areNew([String(index)]);
  expect(recent.areNew([String(remembered)])).toBe(false);
  expect(recent.areNew(['1'])).toBe(false);
  expect(recent.areNew(['0'])).toBe(true);
});
