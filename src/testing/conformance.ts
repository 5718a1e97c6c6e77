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
import type { ConformanceHarness } from './harness.js';
import { inTrial } from './in-trial.js';
import { type CaseDefinition, Trial } from './trial.js';

/** The outcome of a case that did not fail. */
export interface ConformanceOutcome {
  /**
   * The reason why the property was not checked; undefined when it holds. Reasons are a capability that the backend
   * does not declare, a method that the session adapter lacks, or a part that the harness does not offer. When a
   * backend does not declare a capability, the case checks instead that it refuses its use.
   */
  readonly skipped: string | undefined;
}

/** A property that a backend or a session adapter must have, as a case for a test runner. */
export interface ConformanceCase {
  /** The property as a sentence without its subject, such as `sends a message to one channel`. Each name is unique. */
  readonly name: string;
  /**
   * Makes a backend or adapter, checks the property, and closes it. Run one case at a time, because some look at the
   * whole process.
   * @throws AssertionError when it lacks the property
   * @throws whatever the backend, the adapter or the harness throws
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
 * The properties that the service needs of a backend, as cases for any test runner.
 * @example
 * const create = () => ({ settings: { backend: new MyService({ … }) }, received: () => provider.messages });
 * for (const { name, run } of backendConformance({ create })) {
 *   // `node:test` and Vitest show a skipped case as skipped, with the reason.
 *   test(name, async (t) => {
 *     const { skipped } = await run();
 *     if (skipped) t.skip(skipped);
 *   });
 * }
 */
export function backendConformance(harness: ConformanceHarness): readonly ConformanceCase[] {
  return definitions.map((definition) => ({ name: definition.name, run: () => runCase(definition, harness) }));
}

async function runCase(
  { settings = {}, lacks, check, instead }: CaseDefinition,
  harness: ConformanceHarness,
): Promise<ConformanceOutcome> {
  const trial = new Trial(harness, await harness.create(), settings);
  return inTrial(trial, async () => {
    const skipped = lacks?.(trial);
    await (skipped === undefined ? check : instead)?.(trial);
    return { skipped };
  });
}
