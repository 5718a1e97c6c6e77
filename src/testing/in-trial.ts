/**
 * Runs a case, and ends its trial, also when the case has failed. Of two failures the first says more than a later one
 * to close.
 */
export async function inTrial<Result>(
  trial: { end(): Promise<void> },
  run: () => Result | Promise<Result>,
): Promise<Result> {
  let result: Result;
  try {
    result = await run();
  } catch (error) {
    await trial.end().catch(() => {});
    throw error;
  }
  await trial.end();
  return result;
}
