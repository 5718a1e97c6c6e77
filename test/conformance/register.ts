import { describe, expect, test } from 'vitest';
import { backendConformance, type ConformanceHarness } from '../../src/testing/index.js';

/**
 * Registers the suite for a backend. A case that is skipped by what the backend declares has checked instead that the backend
 * refuses; what the harness does not offer is named here, so that none goes missing unseen.
 * @param missing what the harness does not offer, as in `faults.hang()`
 */
export function conforms(backend: string, harness: ConformanceHarness, missing: readonly string[] = []): void {
  describe(`the ${backend} backend`, () => {
    const unoffered = new Set<string>();

    for (const { name, run } of backendConformance(harness)) {
      test(name, async () => {
        const { skipped } = await run();
        if (skipped === undefined || skipped.startsWith('the backend ')) return;
        unoffered.add(skipped);
      });
    }

    test(`is tested with everything but ${missing.join(', ') || 'nothing'}`, () => {
      expect([...unoffered].sort()).toEqual(missing.map((name) => `the harness has no ${name}`).sort());
    });
  });
}
