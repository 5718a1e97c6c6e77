import type { ConformanceCase, ConformanceOutcome } from './conformance.js';
import { inTrial } from './in-trial.js';
import { changeCases } from './relay-cases/changes.js';
import { failureCases } from './relay-cases/failures.js';
import { leaseCases } from './relay-cases/leases.js';
import { listCases } from './relay-cases/lists.js';
import { logCases } from './relay-cases/logs.js';
import { messageCases } from './relay-cases/messages.js';
import { shareCases } from './relay-cases/shares.js';
import type { RelayHarness } from './relay-harness.js';
import { type RelayCaseDefinition, RelayTrial } from './relay-trial.js';

const definitions: readonly RelayCaseDefinition[] = [
  ...messageCases,
  ...shareCases,
  ...changeCases,
  ...leaseCases,
  ...listCases,
  ...logCases,
  ...failureCases,
];

/**
 * The properties that embedded servers need of a relay, as cases for any test runner. They go by the true time: some
 * take a few of the harness's short times.
 * @example
 * const create = () => ({ relay: myRelay({ prefix: randomUUID() }) });
 * for (const { name, run } of relayConformance({ create })) {
 *   // `node:test` and Vitest show a skipped case as skipped, with the reason.
 *   test(name, async (t) => {
 *     const { skipped } = await run();
 *     if (skipped) t.skip(skipped);
 *   });
 * }
 */
export function relayConformance(harness: RelayHarness): readonly ConformanceCase[] {
  return definitions.map((definition) => ({ name: definition.name, run: () => runCase(definition, harness) }));
}

async function runCase({ lacks, check }: RelayCaseDefinition, harness: RelayHarness): Promise<ConformanceOutcome> {
  const trial = new RelayTrial(harness, await harness.create());
  return inTrial(trial, async () => {
    const skipped = lacks?.(trial);
    if (skipped === undefined) await check(trial);
    return { skipped };
  });
}
