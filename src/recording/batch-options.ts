import { checkOptionNames, checkSignal } from '../core/call-options.js';
import { checkedDuration, type Duration } from '../core/durations.js';
import { ValidationError } from '../core/errors.js';
import { MOST_AT_ONCE } from './settings.js';

/** What became of the messages of a batch. */
export interface BatchCounts {
  /** Accepted for at least one channel. */
  readonly sent: number;
  /** Failed for good: `ERROR`. */
  readonly failed: number;
  /** Failed, and tried again later: `ERROR_RETRY`. */
  readonly retrying: number;
  /** Not worth sending, for a reason that the record names. */
  readonly skipped: number;
  /** Given up by who sent them. */
  readonly cancelled: number;
  /** Meant for nobody: the backend is `console`, or `recording.debug` is set. */
  readonly debug: number;
}

/** How far a batch is. */
export interface BatchProgress extends BatchCounts {
  /** Messages under way. */
  readonly underWay: number;
  /** About how many were due when it began, by the clock of this process, at most `size`; more when more came. */
  readonly total: number;
}

/**
 * Why a batch ended. `nothing is due`: all that this process can send was sent. `size`: it took as many as it was to
 * take. `signal`: its signal fired. `provider away`: the provider does not answer, so messages wait for it. `closed`:
 * the service was closed or configured anew.
 */
export type BatchEnd = 'nothing is due' | 'size' | 'signal' | 'provider away' | 'closed';

/** What a batch did. */
export interface BatchResult extends BatchCounts {
  readonly ended: BatchEnd;
  /**
   * About how many are due and were not sent: those that it did not take, and those that wait for the provider.
   * They are counted by the clock of this process, and one that waits for the provider may count twice once it is due.
   */
  readonly left: number;
  /**
   * How many of them wait for a condition that this process does not know, by its name: add it by
   * `PushService.condition`.
   */
  readonly unknownConditions: Readonly<Record<string, number>>;
}

/** Options of `sendBatch`. */
export interface BatchOptions {
  /** Most messages to take. @default all that are due */
  readonly size?: number | undefined;
  /**
   * A message that fails and was tried so many times ends as `ERROR`, and is not tried again. `recording.retryDelays`
   * may end it earlier. @default no limit beside that
   */
  readonly maxAttempts?: number | undefined;
  /**
   * A message that was due longer ago is not sent any more, and ends as `ERROR`. What was accepted of it before makes
   * it `SENT`. It was due when it was recorded, or when `delay` or `at` said; a retry does not change that.
   * @default no limit
   */
  readonly maxAge?: Duration | undefined;
  /** Most messages under way at once, 1 to 10 000. @default that of the setting `worker`, else 100 */
  readonly concurrency?: number | undefined;
  /** Ends the batch: it takes nothing more, and resolves when what is under way has ended. */
  readonly signal?: AbortSignal | undefined;
  /** Called when messages were taken, and each time that one has ended. What it throws is logged. */
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined;
}

/** The options of a batch, checked: times are in milliseconds. */
export interface CheckedBatch {
  readonly size: number;
  readonly maxAttempts: number | undefined;
  readonly maxAgeMs: number | undefined;
  readonly concurrency: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: BatchOptions['onProgress'];
}

const names = ['size', 'maxAttempts', 'maxAge', 'concurrency', 'signal', 'onProgress'] as const;

/** @throws ValidationError for wrong options */
export function checkBatchOptions(options: BatchOptions): CheckedBatch {
  checkOptionNames(options, names, 'sendBatch()');
  const { size, maxAttempts, maxAge, concurrency, signal, onProgress } = options;
  checkSignal(signal);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw new ValidationError('"onProgress" must be a function.');
  return {
    size: checkedCount(size, 'size') ?? Number.POSITIVE_INFINITY,
    maxAttempts: checkedCount(maxAttempts, 'maxAttempts'),
    maxAgeMs: maxAge === undefined ? undefined : checkedDuration(maxAge, 'maxAge'),
    concurrency: checkConcurrency(concurrency),
    signal,
    onProgress,
  };
}

/** @throws ValidationError for anything but a number of messages that may be under way at once, or nothing */
export function checkConcurrency(concurrency: number | undefined): number | undefined {
  if (concurrency === undefined) return undefined;
  if (Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= MOST_AT_ONCE) return concurrency;
  throw new ValidationError(`"concurrency" must be a whole number from 1 to ${MOST_AT_ONCE}.`);
}

function checkedCount(count: unknown, name: string): number | undefined {
  if (count === undefined) return undefined;
  if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 1) return count;
  throw new ValidationError(`"${name}" must be a whole number, 1 or above.`);
}
