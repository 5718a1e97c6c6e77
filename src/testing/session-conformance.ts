import type { ConformanceCase, ConformanceOutcome } from './conformance.js';
import { endingCases } from './session-cases/ending.js';
import { lookUpCases } from './session-cases/look-up.js';
import { removalCases } from './session-cases/removal.js';
import { storeCases } from './session-cases/store.js';
import { userCases } from './session-cases/users.js';
import type { SessionHarness } from './session-harness.js';
import { type SessionCaseDefinition, SessionTrial } from './session-trial.js';

const definitions: readonly SessionCaseDefinition[] = [
  ...lookUpCases,
  ...userCases,
  ...storeCases,
  ...removalCases,
  ...endingCases,
];

/**
 * The properties that the service needs of a session adapter, as cases for any test runner.
 * @example
 * const create = () => ({ sessions: mySessions() });
 * for (const { name, run } of sessionConformance({ create })) {
 *   // `node:test` and Vitest show a skipped case as skipped, with the reason.
 *   test(name, async (t) => {
 *     const { skipped } = await run();
 *     if (skipped) t.skip(skipped);
 *   });
 * }
 */
export function sessionConformance(harness: SessionHarness): readonly ConformanceCase[] {
  return definitions.map((definition) => ({ name: definition.name, run: () => runCase(definition, harness) }));
}

async function runCase({ lacks, check }: SessionCaseDefinition, harness: SessionHarness): Promise<ConformanceOutcome> {
  const subject = await harness.create();
  try {
    const trial = new SessionTrial(harness, subject);
    const skipped = lacks?.(trial);
    if (skipped === undefined) await check(trial);
    return { skipped };
  } finally {
    await subject.close?.();
  }
}
