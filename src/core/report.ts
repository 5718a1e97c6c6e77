import type { ChannelDetails } from '../wire/message.js';
import { type DeliveryOutcome, PushError, type PushErrorCode, type PushErrorOptions, retryAfterOf } from './errors.js';

/**
 * How a `send` ended. `accepted`: the backend accepted the message for every channel that it did not skip. `partial`:
 * for some of them. `rejected`: for none; a `DeliveryError` carries the report. `skipped`: the backend skipped every
 * channel. `unreachable`: there was no channel to send to, because no user had a live session. `waiting`: with a
 * message store: recorded, and to be sent (or sent again) later.
 */
export type SendStatus = 'accepted' | 'partial' | 'rejected' | 'skipped' | 'unreachable' | 'waiting';

/** A channel that did not accept the message, and why. */
export interface RejectedChannel {
  readonly channel: string;
  readonly error: PushError;
}

/** A channel that the backend did not send the message to, and why. */
export interface SkippedChannel {
  readonly channel: string;
  /** The backend's words, such as `already read`. */
  readonly reason: string;
}

/** The report of one message: which channels accepted it, which did not, and who could not be reached. */
export interface SendReport<User = unknown> {
  /** The message's id: a UUID, the same on every retry. */
  readonly id: string;
  readonly event: string;
  readonly status: SendStatus;
  /** Every channel that the message was addressed to, in order, without duplicates. */
  readonly channels: readonly string[];
  /** The channels that the backend accepted the message for, in order. */
  readonly accepted: readonly string[];
  /** The channels that did not accept it, in order, each with its error. */
  readonly rejected: readonly RejectedChannel[];
  /** The channels that the backend chose not to send the message to, in order, each with the reason. */
  readonly skipped: readonly SkippedChannel[];
  /** The users, as they were given, that had no live session. */
  readonly unreachable: readonly User[];
  /**
   * The users, as they were given, whom `canSend` of the template refused: only after `sendTemplate`, and only where
   * there are any. Of several reports of a call the first names them all.
   */
  readonly skippedUsers?: readonly User[];
  /**
   * Details that the provider gave of channels that accepted, by channel, such as a message id. Empty when it gave
   * none.
   */
  readonly info: Readonly<Record<string, ChannelDetails>>;
  /** Number of requests made to the backend for this message, retries included. */
  readonly attempts: number;
  /** From the call of `send` to its end, in milliseconds. */
  readonly durationMs: number;
}

/** A message was not accepted, or it is not known whether it was. */
export class DeliveryError extends PushError {
  static override readonly name: string = 'DeliveryError';
  static readonly code: PushErrorCode = 'DELIVERY';

  /** Whether the message is known not to have been delivered. */
  readonly outcome: DeliveryOutcome;
  /** The report of the `send` that failed; undefined on the error of a single channel. */
  readonly report: SendReport | undefined;
  /**
   * A report for each message of a `sendMany` that failed as a whole, in their order; empty on the error of a single
   * channel.
   */
  declare readonly reports: readonly SendReport[];
  /**
   * The reason, where all channels failed for one: an `AuthenticationError`, a `RateLimitError`, or another error of
   * the provider's answer. `PushError.is(error, AuthenticationError)` looks through it. It is not the class of this
   * error: a request handler that let an `AuthenticationError` through would tell the asker that his credentials were
   * refused.
   */
  declare readonly reason: PushError | undefined;

  constructor(
    message: string,
    options: PushErrorOptions & {
      outcome: DeliveryOutcome;
      reports?: readonly SendReport[] | undefined;
      reason?: PushError | undefined;
    },
  ) {
    super(message, 'DELIVERY', options);
    // Not enumerable: console.log shows it as the cause already.
    Object.defineProperty(this, 'reason', { value: options.reason, configurable: true, writable: true });
    this.outcome = options.outcome;
    const reports = options.reports ?? [];
    // The report of a single message is shown once.
    Object.defineProperty(this, 'reports', { value: reports, enumerable: reports.length > 1 });
    this.report = reports[0];
  }
}

/**
 * Finds the reason that several errors have in common: one class and one status. Of several such errors it is the one
 * whose provider asked for the longest wait.
 * @returns undefined when they have more than one reason
 */
export function sharedReason(errors: Iterable<PushError>): PushError | undefined {
  let shared: PushError | undefined;
  for (const error of new Set(errors)) {
    const reason = (Reflect.get(error, 'reason') as PushError | undefined) ?? error;
    if (shared !== undefined && !isAlike(shared, reason)) return undefined;
    if (shared === undefined || retryAfterOf(reason) > retryAfterOf(shared)) shared = reason;
  }
  return shared;
}

/** Whether two errors have one reason. A `DeliveryError` may stand for anything, so its message counts. */
function isAlike(one: PushError, other: PushError): boolean {
  if (one.code !== other.code || one.status !== other.status) return false;
  return one.code !== 'DELIVERY' || one.message === other.message;
}
