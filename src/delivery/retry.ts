import { type Clock, systemClock } from '../core/clock.js';
import { PushError, retryAfterOf } from '../core/errors.js';
import { backoffDelay } from '../wire/backoff.js';
import { type Attempt, Attempts } from './attempt.js';

/** Wait before the first retry, in milliseconds; it doubles with each further one. Source: stripe-node, 0.5 s. */
const FIRST_DELAY_MS = 500;
/** Longest wait where the provider asks for none, in milliseconds. Source: stripe-node, 5 s. */
const LONGEST_DELAY_MS = 5_000;
/**
 * Longest wait that a provider may ask for, in milliseconds; a message that it asks a longer one for is not retried.
 */
const LONGEST_RETRY_AFTER_MS = 30_000;

/** The settings of delivery that all backends share. */
export interface DeliverySettings {
  /** Deadline of one attempt, in milliseconds. @default 10 000 */
  readonly timeout: number;
  /** Number of further attempts after the first. @default 3 */
  readonly retries: number;
  /** Number of requests in flight at once. @default 10 */
  readonly concurrency: number;
  /** The clock of the waits between attempts. @default the system's */
  readonly clock?: Clock | undefined;
}

export const deliveryDefaults: DeliverySettings = { timeout: 10_000, retries: 3, concurrency: 10 };

/** Runs requests: with a deadline for each attempt, retries with jitter, and a bound on how many are in flight. */
export class DeliveryPolicy {
  readonly concurrency: number;
  /** Deadline of an attempt where the call sets none, in milliseconds. */
  readonly timeout: number;
  readonly #retries: number;
  readonly #attempts: Attempts;
  readonly #clock: Clock;

  constructor(settings: DeliverySettings) {
    this.concurrency = settings.concurrency;
    this.timeout = settings.timeout;
    this.#retries = settings.retries;
    this.#attempts = new Attempts(settings.concurrency);
    this.#clock = settings.clock ?? systemClock;
  }

  /**
   * Runs `attempt` until it succeeds, fails for good, or the retries are used up.
   * @param attempt throws a `PushError` when it fails
   * @param deadline of each attempt, in milliseconds
   * @param goesOn called with a failure that may be tried again; whether anything is left to try
   * @param retried called before the wait for the next attempt, in milliseconds
   * @throws PushError that of the last attempt
   */
  async run(
    attempt: Attempt,
    deadline: number,
    signal: AbortSignal | undefined,
    goesOn: (failure: unknown) => boolean,
    retried: (failure: unknown, waitMs: number) => void,
  ): Promise<void> {
    for (let retry = 1; ; retry++) {
      try {
        return await this.#attempts.make(attempt, deadline, signal);
      } catch (failure) {
        if (retry > this.#retries || !mayBeRetried(failure) || !goesOn(failure)) throw failure;
        const waitMs = delayBeforeRetry(retry, failure);
        if (!signal?.aborted) retried(failure, waitMs);
        await pause(waitMs, signal, this.#clock);
        if (signal?.aborted) throw failure;
      }
    }
  }
}

/** Whether an attempt that failed with this error is followed by another one, while retries are left. */
export function mayBeRetried(error: unknown): boolean {
  return PushError.isPushError(error) && error.retryable && retryAfterOf(error) <= LONGEST_RETRY_AFTER_MS;
}

function delayBeforeRetry(retry: number, failure: unknown): number {
  return Math.max(backoffDelay(retry - 1, FIRST_DELAY_MS, LONGEST_DELAY_MS), retryAfterOf(failure));
}

/** Waits for a time, or until the signal fires. By the system's clock it keeps the process running. */
function pause(ms: number, signal: AbortSignal | undefined, clock: Clock): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      callOff();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const callOff = clock === systemClock ? timer(ms, end) : clock.after(ms, end);
    signal?.addEventListener('abort', end);
  });
}

function timer(ms: number, run: () => void): () => void {
  const timeout = setTimeout(run, ms);
  return () => clearTimeout(timeout);
}
