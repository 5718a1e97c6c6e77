import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AgeOrder } from '../../src/core/age-order.js';

const keys = fc.constantFrom('a', 'b', 'c', 'd');
const steps = fc.array(fc.record({ key: keys, value: fc.option(fc.integer(), { nil: undefined }) }), { maxLength: 40 });

it('holds what a Map holds in which each entry is deleted before it is set', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const order = new AgeOrder<string, number>();
      const map = new Map<string, number>();
      for (const { key, value } of all) {
        map.delete(key);
        if (value === undefined) order.delete(key);
        else {
          order.set(key, value);
          map.set(key, value);
        }
        expect([...order]).toEqual([...map]);
        expect([order.size, order.get(key)]).toEqual([map.size, map.get(key)]);
      }
    }),
  );
});

it('can be emptied from its oldest entry on while it is walked over', () => {
  const order = new AgeOrder<number, string>();
  for (let key = 0; key < 5; key++) order.set(key, `value ${key}`);
  const seen: number[] = [];
  for (const [key] of order) {
    if (key === 3) break;
    order.delete(key);
    seen.push(key);
  }
  expect([seen, [...order]]).toEqual([
    [0, 1, 2],
    [
      [3, 'value 3'],
      [4, 'value 4'],
    ],
  ]);
  order.set(5, 'new');
  expect([...order].map(([key]) => key)).toEqual([3, 4, 5]);
});
