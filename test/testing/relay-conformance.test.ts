import { describe, expect, it, test } from 'vitest';
import { relayConformance } from '../../src/testing/index.js';
import { MemoryRelay } from '../support/memory-relay.js';
import { failureFaults } from './relay-faults/failures.js';
import { leaseFaults } from './relay-faults/leases.js';
import { listFaults } from './relay-faults/lists.js';
import { logFaults } from './relay-faults/logs.js';
import { messageFaults } from './relay-faults/messages.js';
import { shareFaults } from './relay-faults/shares.js';
import { faultyRelay } from './support/faulty-relays.js';

const wrong = { ...messageFaults, ...shareFaults, ...leaseFaults, ...listFaults, ...logFaults, ...failureFaults };

describe.each(Object.entries(wrong))('does not pass "%s"', (name, faults) => {
  test.each(Object.entries(faults))('a relay that %s', async (_what, fault) => {
    const found = relayConformance(faultyRelay(fault)).find((one) => one.name === name);
    expect(found).toBeDefined();
    await expect(found?.run()).rejects.toThrow();
  });
});

describe('a relay that does everything right', () => {
  const cases = relayConformance(faultyRelay({}, 10_000));

  it.each(cases)('passes: $name', async ({ run }) => {
    expect(await run()).toEqual({ skipped: undefined });
  });

  it('is told of no case that no wrong relay fails, each under a name of its own', () => {
    expect(cases.map(({ name }) => name).toSorted()).toEqual(Object.keys(wrong).sort());
  });
});

test('says what a case lacks', async () => {
  const reasons = new Set<string | undefined>();
  for (const { name, run } of relayConformance({ create: () => ({ relay: new MemoryRelay() }) }))
    if (name.includes('cut off') || name.includes('memory')) reasons.add((await run()).skipped);
  expect([...reasons]).toEqual(['the harness has no empty()', 'the harness has no fragile relay']);
});
