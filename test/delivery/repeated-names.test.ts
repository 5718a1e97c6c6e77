import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimeSlices } from '../../src/core/time-slices.js';
import { RepeatedNames } from '../../src/delivery/repeated-names.js';

async function withoutRepeated(names: readonly string[]): Promise<string[]> {
  const repeated = await RepeatedNames.in(names, new TimeSlices());
  return names.filter((name, index) => repeated.isFirst(index, name));
}

describe('a list of names without those that come again', () => {
  it('is that of a Set, in its order', async () => {
    const name = fc.oneof(fc.string({ maxLength: 2 }), fc.nat({ max: 400 }).map(String));
    await fc.assert(
      fc.asyncProperty(fc.array(name, { maxLength: 600, size: 'max' }), async (names) => {
        expect(await withoutRepeated(names)).toEqual([...new Set(names)]);
      }),
    );
  });

  it('is so for 100 000 names', async () => {
    const names = Array.from({ length: 100_000 }, (_, index) => `user-${(index * 7) % 90_000}`);
    expect(await withoutRepeated(names)).toEqual([...new Set(names)]);
  });

  it('is so when the names differ only where no hash looks', async () => {
    const names = Array.from({ length: 2000 }, (_, index) => `${1000 + (index % 1500)}-${'x'.repeat(40)}`);
    expect(await withoutRepeated(names)).toEqual([...new Set(names)]);
  });

  it('takes anything that is no text for a name, which whoever checks the names refuses', async () => {
    const names = [
      ...Array.from({ length: 100 }, (_, index) => `name-${index}`),
      null,
      {},
      Symbol.iterator,
      7,
    ] as string[];
    expect(await withoutRepeated(names)).toEqual(names);
  });
});
