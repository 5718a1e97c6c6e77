import { capabilityCases } from './cases/capabilities.js';
import { closingCases } from './cases/closing.js';
import { connectionCases } from './cases/connections.js';
import { dataCases } from './cases/data.js';
import { failureCases } from './cases/failures.js';
import { nameCases } from './cases/names.js';
import { receivingCases } from './cases/receiving.js';
import { secretCases } from './cases/secrets.js';
import { sendingCases } from './cases/sending.js';
import { webhookCases } from './cases/webhooks.js';
import type { CaseDefinition } from './conformance-case.js';
import type { ConformanceHarness } from './harness.js';
import { Trial } from './trial.js';

/** How a case ended that did not fail. */
export interface ConformanceOutcome {
  /**
   * Why the property was not checked: what the backend does not declare in its `capabilities`, what the session adapter has no methods
   * for, or what the harness does not offer. It was checked all the same that a backend refuses what it does not declare. Undefined
   * when the property holds.
   */
  readonly skipped: string | undefined;
}

/** One property that a backend or a session adapter must have, for a test runner. */
export interface ConformanceCase {
  /** A sentence about the backend or adapter, without its subject; no two are alike. */
  readonly name: string;
  /**
   * Makes what is checked, checks it and closes it. Run one case at a time: some look at what is open in the process.
   * @throws AssertionError when it does not have the property, or whatever it threw
   */
  run(): Promise<ConformanceOutcome>;
}

const definitions: readonly CaseDefinition[] = [
  ...capabilityCases,
  ...sendingCases,
  ...dataCases,
  ...nameCases,
  ...failureCases,
  ...receivingCases,
  ...connectionCases,
  ...webhookCases,
  ...secretCases,
  ...closingCases,
];

/**
 * What the service relies on in a backend, as cases for any test runner:
 * `for (const { name, run } of backendConformance({ create })) test(name, run)`.
 */
export function backendConformance(harness: ConformanceHarness): readonly ConformanceCase[] {
  return definitions.map((definition) => ({ name: definition.name, run: () => runCase(definition, harness) }));
}

async function runCase(
  { settings = {}, lacks, check, instead }: CaseDefinition,
  harness: ConformanceHarness,
): Promise<ConformanceOutcome> {
  const trial = new Trial(harness, await harness.create(), settings);
  let lacking: string | undefined;
  try {
    lacking = lacks?.(trial);
    await (lacking === undefined ? check : instead)?.(trial);
  } catch (error) {
    // What failed first says more than a failure to close after it.
    await trial.end().catch(() => {});
    throw error;
  }
  await trial.end();
  return { skipped: lacking };
}
