import { type BulkheadPolicy, bulkhead, isTaskCancelledError, TimeoutStrategy, timeout } from 'cockatiel';
import { nothingLeft } from '../backends/contract/departures.js';
import { PushError, retryAfterOf, TimeoutError } from '../core/errors.js';
import { backoffDelay } from '../wire/backoff.js';

/** Wait before the first retry, in milliseconds; it doubles from there. Source: stripe-node, 0.5 s. */
const FIRST_DELAY_MS = 500;
/** Longest wait that we choose ourselves, in milliseconds. Source: stripe-node, 5 s. */
const LONGEST_DELAY_MS = 5_000;
/** A provider that asks for a longer wait than this is not waited for, in milliseconds. */
const LONGEST_RETRY_AFTER_MS = 30_000;

/** How requests are made, whatever the backend. */
export interface DeliverySettings {
  /** Deadline of one attempt, in milliseconds. */
  readonly timeout: number;
  /** Further attempts after the first. */
  readonly retries: number;
  /** Requests in flight at once. */
  readonly concurrency: number;
}

/** What is not configured. */
export const deliveryDefaults: DeliverySettings = { timeout: 10_000, retries: 3, concurrency: 10 };

/** Runs requests with a deadline for each attempt, retries with jitter, and a bound on how many are in flight. */
export class RequestPolicies {
  readonly concurrency: number;
  /** Deadline of an attempt in milliseconds, where the call sets none. */
  readonly timeout: number;
  readonly #retries: number;
  readonly #inFlight: BulkheadPolicy;

  constructor(settings: DeliverySettings) {
    this.concurrency = settings.concurrency;
    this.timeout = settings.timeout;
    this.#retries = settings.retries;
    this.#inFlight = bulkhead(settings.concurrency, Number.POSITIVE_INFINITY);
  }

  /**
   * Runs `attempt` until it succeeds, fails for good, or the retries are used up. `attempt` must throw `PushError`s.
   * @param deadline of each attempt, in milliseconds
   */
  async run(
    attempt: (signal: AbortSignal) => Promise<void>,
    deadline: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const limit = timeout(deadline, { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false });
    for (let retry = 1; ; retry++) {
      let current: AbortSignal | undefined;
      try {
        await this.#inFlight.execute(() =>
          limit.execute(({ signal: attemptSignal }) => {
            current = attemptSignal;
            return attempt(attemptSignal);
          }, signal),
        );
        return;
      } catch (error) {
        const failure = isTaskCancelledError(error) ? tooLate(error, deadline, current) : error;
        if (retry > this.#retries || !mayBeRetried(failure)) throw failure;
        await pause(delayBefore(retry, failure), signal);
        if (signal?.aborted) throw failure;
      }
    }
  }
}

/** cockatiel's own error means that the deadline has passed (or the caller has aborted, which the caller sees by its signal). */
function tooLate(cause: unknown, ms: number, signal: AbortSignal | undefined): TimeoutError {
  if (nothingLeft(signal))
    return new TimeoutError(`No connection within ${ms} ms: nothing was sent.`, { cause, outcome: 'rejected' });
  return new TimeoutError(`No answer within ${ms} ms; the message may have been delivered all the same.`, { cause });
}

/** Whether a failed attempt is followed by another one, as long as there are retries left. */
export function mayBeRetried(error: unknown): boolean {
  return PushError.isPushError(error) && error.retryable && retryAfterOf(error) <= LONGEST_RETRY_AFTER_MS;
}

function delayBefore(retry: number, failure: unknown): number {
  return Math.max(backoffDelay(retry - 1, FIRST_DELAY_MS, LONGEST_DELAY_MS), retryAfterOf(failure));
}

/** Ends after a time, or as soon as the signal fires. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}
