import { backoffDelay } from '../../backoff.js';
import type { PushError } from '../../errors.js';

/** Wait before the first reconnect, in milliseconds; it doubles from there. */
const FIRST_DELAY_MS = 500;
/** Longest wait before a reconnect, in milliseconds. */
const LONGEST_DELAY_MS = 30_000;

/** How long to wait before a reconnect, in milliseconds. @param failures how often it failed before */
export function reconnectDelay(failures: number): number {
  return backoffDelay(failures, FIRST_DELAY_MS, LONGEST_DELAY_MS);
}

/** Whether asking again cannot help: the service refused. */
export function isFinal({ status, retryable }: PushError): boolean {
  return status !== undefined && status >= 400 && !retryable;
}
