import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasItem, itemsOf, type SmallSet, sizeOf, withItem, withoutItem } from '../../src/server/small-set.js';

const things = Array.from({ length: 4 }, (_, number) => ({ number }));
const thing = fc.constantFrom(...things);

describe('a small set', () => {
  it('does what a Set does, whatever is put in and taken out', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), thing)), (steps) => {
        const expected = new Set<object>();
        let set: SmallSet<object>;
        for (const [isAdded, item] of steps) {
          set = isAdded ? withItem(set, item) : withoutItem(set, item);
          if (isAdded) expected.add(item);
          else expected.delete(item);
          expect([...itemsOf(set)]).toEqual([...expected]);
          expect(sizeOf(set)).toBe(expected.size);
          for (const each of things) expect(hasItem(set, each)).toBe(expected.has(each));
        }
      }),
    );
  });

  it('is the thing itself when it holds one, also when there were more', () => {
    const [one, two] = things as [object, object];
    expect(withItem(undefined, one)).toBe(one);
    expect(withoutItem(withItem(withItem(undefined, one), two), one)).toBe(two);
  });

  it('can be emptied by whoever goes through it', () => {
    let set: SmallSet<object>;
    for (const each of things) set = withItem(set, each);
    const visited: object[] = [];
    for (const each of itemsOf(set)) {
      visited.push(each);
      set = withoutItem(set, each);
    }
    expect(visited).toEqual(things);
    expect(sizeOf(set)).toBe(0);
  });
});
