import type { ChannelDetails } from '../wire/message.js';
import { type DeliveryOutcome, PushError, type PushErrorOptions } from './errors.js';

/**
 * How a `send` ended: `accepted` by the backend for every channel, `partial` for some of them,
 * `rejected` for all (then a `DeliveryError` carries the report), `unreachable` when there was no
 * channel to send to because no user had a live session.
 */
export type SendStatus = 'accepted' | 'partial' | 'rejected' | 'unreachable';

/** A channel that did not accept the message, and why. */
export interface RejectedChannel {
  readonly channel: string;
  readonly error: PushError;
}

/** What became of one message. */
export interface SendReport<User = unknown> {
  /** The message's id: a UUID, the same on every retry. */
  readonly id: string;
  readonly event: string;
  readonly status: SendStatus;
  /** Every channel that the message was addressed to, in order, without duplicates. */
  readonly channels: readonly string[];
  /** The channels that the backend accepted the message for, in order. */
  readonly accepted: readonly string[];
  /** The channels that it did not, in order. */
  readonly rejected: readonly RejectedChannel[];
  /** The users, as they were given, that had no live session. */
  readonly unreachable: readonly User[];
  /** What the provider told of channels that accepted, by channel: a message id, or what was asked for. Empty where it tells nothing. */
  readonly info: Readonly<Record<string, ChannelDetails>>;
  /** Requests made to the backend for this message, retries included. */
  readonly attempts: number;
  /** From the call of `send` to its end, in milliseconds. */
  readonly durationMs: number;
}

/** A message was not accepted, or it is not known whether it was. */
export class DeliveryError extends PushError {
  readonly outcome: DeliveryOutcome;
  /** The report of the `send` that failed; undefined on the error of a single channel. */
  readonly report: SendReport | undefined;
  /** One report for each message of a `sendMany` that failed as a whole. */
  readonly reports: readonly SendReport[];

  constructor(
    message: string,
    options: PushErrorOptions & { outcome: DeliveryOutcome; reports?: readonly SendReport[] | undefined },
  ) {
    super(message, 'DELIVERY', options);
    this.outcome = options.outcome;
    this.reports = options.reports ?? [];
    this.report = this.reports[0];
  }
}
