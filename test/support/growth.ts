import { performance } from 'node:perf_hooks';

/** Far above linear growth, which is 8 here, and far below quadratic growth, which is 64. */
export const LINEAR = 24;

/**
 * How many times as long a run takes with eight times the size. The fastest of five counts: a busy machine only slows
 * runs.
 */
export async function growthOf(run: (size: number) => unknown, size = 4096): Promise<number> {
  const small = await fastest(() => run(size));
  return (await fastest(() => run(8 * size))) / small;
}

async function fastest(run: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    await run();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}
