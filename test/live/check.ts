/** What a live check asks for: all of `needs` set, or it does not run. */
export interface LiveCheck {
  readonly provider: string;
  /** Variables without which it does not run. */
  readonly needs: readonly string[];
  /** Variables that change what it does, and what they do. */
  readonly takes: Readonly<Record<string, string>>;
  /** @returns what was checked, one after the other; throws what failed */
  run(environment: Environment): AsyncGenerator<string>;
}

/** The variables that are set, and not empty. */
export type Environment = Readonly<Record<string, string>>;

/** How a check ended: `half set` is a failure, for whoever sets some of the variables wants it to run. */
export type Ending = 'passed' | 'failed' | 'skipped' | 'half set';

/** Longest that one step may take, in milliseconds. */
export const STEP_TIMEOUT_MS = 15_000;

/** Waits for something that comes in by itself. */
export async function within<Result>(what: string, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${STEP_TIMEOUT_MS} ms`)), STEP_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

export async function runCheck(check: LiveCheck, set: Environment, print: (line: string) => void): Promise<Ending> {
  const { provider, needs, takes } = check;
  const missing = needs.filter((name) => set[name] === undefined);
  if (missing.length > 0) {
    const isHalfSet = [...needs, ...Object.keys(takes)].some((name) => set[name] !== undefined);
    print(
      `${provider}: ${isHalfSet ? 'half set' : 'skipped'}. It runs with ${needs.join(' and ')}; missing: ${missing.join(', ')}.`,
    );
    return isHalfSet ? 'half set' : 'skipped';
  }
  print(`${provider}:`);
  for (const [name, effect] of Object.entries(takes)) {
    if (set[name] === undefined) print(`  without ${name}: ${effect}`);
  }
  try {
    for await (const step of check.run(set)) print(`  ok      ${step}`);
    return 'passed';
  } catch (error) {
    // Errors of this package hold no secret; those of the check's own steps are made here.
    print(`  FAILED  ${error instanceof Error ? `${error.name}: ${error.message}` : 'with what is no error'}`);
    return 'failed';
  }
}
