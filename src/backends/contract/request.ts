import type { ChannelDetails } from '../../wire/message.js';

/** A backend's answer for one channel of a request. Without `error` and `skipped` the provider accepted the message. */
export interface ChannelResult {
  readonly channel: string;
  readonly error?: Error;
  /**
   * Details that the provider gave of a channel that accepted, such as a message id. They go into the report's `info`.
   */
  readonly info?: ChannelDetails;
  /**
   * Why the message was not sent to the channel, such as `already read`. The channel is neither accepted nor rejected,
   * and it is final: nobody tries again.
   */
  readonly skipped?: string;
}

/** A backend's answer to a request: a result for each channel, in any order, or nothing when all were accepted. */
// biome-ignore lint/suspicious/noConfusingVoidType: an SDK that answers for the whole request leaves nothing to return
export type RequestAnswer = readonly ChannelResult[] | void;

/** What ends a request. */
export interface RequestContext {
  /**
   * Fires when the attempt's deadline has passed or the caller has aborted. An SDK that can cancel MUST be handed it.
   */
  readonly signal: AbortSignal;
  /** The caller's own signal, if there is one. When it has fired, the caller gave up: the provider was not too slow. */
  readonly callerSignal?: AbortSignal | undefined;
  /**
   * How long after its beginning the signal fires, in milliseconds, for an SDK that wants a time of its own.
   * @default not known
   */
  readonly timeout?: number | undefined;
}
