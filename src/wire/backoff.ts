/**
 * The wait before the next attempt, in milliseconds. It doubles with each failure up to a limit, and is cut by up to a
 * half at random, so that all who lost the same server do not come back at the same moment.
 * @param failures how often in a row an attempt has failed before: 0 gives the first wait
 * @param firstMs upper bound of the first wait, in milliseconds; 500 unless it is given
 * @param longestMs upper bound of all waits, in milliseconds; 30 000 unless it is given
 */
export function backoffDelay(failures: number, firstMs = 500, longestMs = 30_000): number {
  return Math.min(firstMs * 2 ** failures, longestMs) * (0.5 + Math.random() / 2);
}
