import {
  type BulkheadPolicy,
  bulkhead,
  ConstantBackoff,
  handleWhen,
  isTaskCancelledError,
  type RetryPolicy,
  retry,
  TimeoutStrategy,
  timeout,
} from 'cockatiel';
import { PushError, RateLimitError, TimeoutError } from '../errors.js';

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

/** @internal The defaults of DESIGN 2. */
export const deliveryDefaults: DeliverySettings = { timeout: 10_000, retries: 3, concurrency: 10 };

/** Runs requests with a deadline for each attempt, retries with jitter, and a bound on how many are in flight. */
export class RequestPolicies {
  readonly concurrency: number;
  readonly #timeout: number;
  readonly #retry: RetryPolicy;
  readonly #inFlight: BulkheadPolicy;

  constructor(settings: DeliverySettings) {
    this.concurrency = settings.concurrency;
    this.#timeout = settings.timeout;
    this.#inFlight = bulkhead(settings.concurrency, Number.POSITIVE_INFINITY);
    this.#retry = retry(handleWhen(mayBeRetried), {
      maxAttempts: settings.retries,
      // cockatiel's own wait cannot be ended by a signal, and would hold the process; see `run`.
      backoff: new ConstantBackoff(0),
    });
  }

  /**
   * Runs `attempt` until it succeeds, fails for good, or the retries are used up. `attempt` must throw `PushError`s.
   * @param deadline of each attempt in milliseconds, where it is not the configured one
   */
  run(
    attempt: (signal: AbortSignal) => Promise<void>,
    deadline: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const ms = deadline ?? this.#timeout;
    const limit = timeout(ms, { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false });
    let failure: unknown;
    return this.#retry.execute(async (context) => {
      if (context.attempt > 0) await pause(delayBefore(context.attempt, failure), signal);
      try {
        await this.#inFlight.execute(() =>
          limit.execute(({ signal: attemptSignal }) => attempt(attemptSignal), signal),
        );
      } catch (error) {
        failure = isTaskCancelledError(error) ? tooLate(error, ms) : error;
        throw failure;
      }
    }, signal);
  }
}

/** cockatiel's own error means that the deadline has passed (or the caller has aborted, which the caller sees by its signal). */
function tooLate(cause: unknown, ms: number): TimeoutError {
  return new TimeoutError(`No answer within ${ms} ms; the message may have been delivered all the same.`, { cause });
}

/** Whether a failed attempt is followed by another one, as long as there are retries left. */
export function mayBeRetried(error: unknown): boolean {
  return error instanceof PushError && error.retryable && retryAfterOf(error) <= LONGEST_RETRY_AFTER_MS;
}

/** How long the provider asked to wait, in milliseconds. */
export function retryAfterOf(error: unknown): number {
  return error instanceof RateLimitError ? (error.retryAfter ?? 0) : 0;
}

/** Half of a doubling delay, and up to as much again by chance, so that many clients do not come back at the same moment. */
function delayBefore(attempt: number, failure: unknown): number {
  const full = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS);
  return Math.max(full * (0.5 + Math.random() / 2), retryAfterOf(failure));
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
