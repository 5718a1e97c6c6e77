import type { ConformanceCase, ConformanceOutcome } from './conformance.js';
import { inTrial } from './in-trial.js';
import { cancellingCases } from './message-cases/cancelling.js';
import { claimingCases } from './message-cases/claiming.js';
import { claimingByIdCases } from './message-cases/claiming-by-id.js';
import { clockCases } from './message-cases/clock.js';
import { findingCases } from './message-cases/finding.js';
import { idempotencyCases } from './message-cases/idempotency.js';
import { leaseCases } from './message-cases/leases.js';
import { openingCases } from './message-cases/opening.js';
import { processCases } from './message-cases/processes.js';
import { readingCases } from './message-cases/reading.js';
import { recordingCases } from './message-cases/recording.js';
import { removalCases } from './message-cases/removal.js';
import { settlingCases } from './message-cases/settling.js';
import { templateRaceCases } from './message-cases/template-races.js';
import { templateCases } from './message-cases/templates.js';
import { transactionCases } from './message-cases/transactions.js';
import { transitionCases } from './message-cases/transitions.js';
import type { MessageStoreHarness } from './message-harness.js';
import { type MessageCaseDefinition, MessageTrial } from './message-trial.js';

const definitions: readonly MessageCaseDefinition[] = [
  ...recordingCases,
  ...idempotencyCases,
  ...claimingCases,
  ...claimingByIdCases,
  ...leaseCases,
  ...settlingCases,
  ...transitionCases,
  ...cancellingCases,
  ...findingCases,
  ...readingCases,
  ...removalCases,
  ...clockCases,
  ...processCases,
  ...transactionCases,
  ...openingCases,
  ...templateCases,
  ...templateRaceCases,
];

/**
 * The properties that the service needs of a message store, as cases for any test runner.
 * @example
 * const create = () => ({ store: myMessages() });
 * for (const { name, run } of messageStoreConformance({ create })) {
 *   // `node:test` and Vitest show a skipped case as skipped, with the reason.
 *   test(name, async (t) => {
 *     const { skipped } = await run();
 *     if (skipped) t.skip(skipped);
 *   });
 * }
 */
export function messageStoreConformance(harness: MessageStoreHarness): readonly ConformanceCase[] {
  return definitions.map((definition) => ({ name: definition.name, run: () => runCase(definition, harness) }));
}

async function runCase(
  { lacks, check }: MessageCaseDefinition,
  harness: MessageStoreHarness,
): Promise<ConformanceOutcome> {
  const trial = new MessageTrial(harness, await harness.create());
  return inTrial(trial, async () => {
    await trial.store.open();
    const skipped = lacks?.(trial);
    if (skipped === undefined) await check(trial);
    return { skipped };
  });
}
