import type { PushError } from '../../errors.js';

/** Wait before the first reconnect, in milliseconds; it doubles from there. */
const FIRST_DELAY_MS = 500;
/** Longest wait before a reconnect, in milliseconds. */
const LONGEST_DELAY_MS = 30_000;

/** Half of a doubling delay and up to as much again by chance, in milliseconds. @param failures how often it failed before */
export function reconnectDelay(failures: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** failures, LONGEST_DELAY_MS) * (0.5 + Math.random() / 2);
}

/** Whether asking again cannot help: the service refused. */
export function isFinal({ status, retryable }: PushError): boolean {
  return status !== undefined && status >= 400 && !retryable;
}
