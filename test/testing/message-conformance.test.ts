import { describe, expect, it, test } from 'vitest';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { messageStoreConformance } from '../../src/testing/index.js';
import { claimingFaults } from './message-faults/claiming.js';
import { claimingByIdFaults } from './message-faults/claiming-by-id.js';
import { findingFaults } from './message-faults/finding.js';
import { processFaults } from './message-faults/processes.js';
import { recordingFaults } from './message-faults/recording.js';
import { removalFaults } from './message-faults/removal.js';
import { settlingFaults } from './message-faults/settling.js';
import { templateFaults } from './message-faults/templates.js';
import { type Faults, faultyMessages } from './support/faulty-messages.js';

/** Stores that do one thing wrong, by the case that they must not pass. */
const wrong: Faults = {
  ...recordingFaults,
  ...claimingFaults,
  ...claimingByIdFaults,
  ...settlingFaults,
  ...findingFaults,
  ...removalFaults,
  ...processFaults,
  ...templateFaults,
};
/** Cases that a store fails which shows its messages to no other process. */
const aboutOthers = 'shows a message to another process, and keeps it when that one closes';

describe.each(Object.entries(wrong))('does not pass "%s"', (name, faults) => {
  test.each(Object.entries(faults))('a store that %s', async (_what, fault) => {
    const found = messageStoreConformance(faultyMessages(fault)).find((one) => one.name === name);
    expect(found).toBeDefined();
    await expect(found?.run()).rejects.toThrow();
  });
});

test('does not pass a store that keeps to itself what other processes are to see', async () => {
  const harness = faultyMessages(
    () => ({}),
    () => ({ another: () => memoryMessages() }),
  );
  const found = messageStoreConformance(harness).find(({ name }) => name === aboutOthers);
  await expect(found?.run()).rejects.toThrow();
});

describe('a store that does everything right', () => {
  const cases = messageStoreConformance(faultyMessages(() => ({})));

  it.each(cases)('passes: $name', async ({ run }) => {
    expect(await run()).toEqual({ skipped: undefined });
  });

  it('is told of no case that no wrong store fails, each under a name of its own', () => {
    const names = cases.map(({ name }) => name);
    expect(names.toSorted()).toEqual([...Object.keys(wrong), aboutOthers].sort());
  });
});

test('says what a case lacks', async () => {
  const harness = { create: () => ({ store: memoryMessages(), transaction: { begin: () => never(), isAlone: true } }) };
  const reasons = new Set<string | undefined>();
  for (const { name, run } of messageStoreConformance(harness)) {
    if (name.includes('process') || name.includes('began early')) reasons.add((await run()).skipped);
  }
  expect([...reasons].sort()).toEqual([
    'the database has one transaction that writes at a time',
    'the harness has no another()',
    'the store has no listen()',
  ]);
});

test('leaves out the cases about templates where a store keeps none', async () => {
  const create = () => ({ store: Object.assign(memoryMessages(), { templates: undefined }) });
  const about = messageStoreConformance({ create }).filter(({ name }) => Object.hasOwn(templateFaults, name));
  for (const { run } of about) expect(await run()).toEqual({ skipped: 'the store has no templates' });
  expect(about).toHaveLength(14);
});

function never(): never {
  throw new Error('No transaction is to be begun.');
}
