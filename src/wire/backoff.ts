/**
 * Half of a doubling delay, and up to as much again by chance, in milliseconds: those who lost the same server do not all come back at the
 * same moment.
 * @param failures how often it has failed in a row before: 0 gives the first delay
 */
export function backoffDelay(failures: number, firstMs: number, longestMs: number): number {
  return Math.min(firstMs * 2 ** failures, longestMs) * (0.5 + Math.random() / 2);
}
