import { expect, test } from 'vitest';
import { type RelayHarness, relayConformance } from '../../src/testing/index.js';

/** Registers the suite. @param missing why cases are skipped, so that none goes missing unseen */
export function relayConforms(create: RelayHarness['create'], missing: readonly string[] = []): void {
  const reasons = new Set<string>();
  for (const { name, run } of relayConformance({ create, quietMs: 20, shortMs: 40 })) {
    test(name, async () => {
      const { skipped } = await run();
      if (skipped !== undefined) reasons.add(skipped);
    });
  }
  test(`is tested with everything but what is missing: ${missing.join(', ') || 'nothing'}`, () => {
    expect([...reasons]).toEqual(missing);
  });
}
