import type { ChannelSubscription } from '../../client-channel.js';

/** How long the stream waits for the driver to have all channels, in milliseconds. */
const LONGEST_MS = 10_000;

/**
 * The time in which a driver that is connected again takes the channels of a stream over, one after the other: each
 * message comes by the one that has its channel.
 */
export class Handover {
  readonly #left: Set<string>;
  readonly #end: () => void;
  readonly #stopListening: () => void;
  readonly #timer: ReturnType<typeof setTimeout>;

  /**
   * @param channels those of the stream
   * @param onSubscribed adds a listener of the driver's subscriptions
   * @param done called when the driver has all channels, or has taken too long
   */
  constructor(
    channels: Iterable<string>,
    onSubscribed: (listener: (subscription: ChannelSubscription) => void) => () => void,
    done: () => void,
  ) {
    this.#left = new Set(channels);
    this.#end = done;
    this.#stopListening = onSubscribed(({ channel }) => this.take(channel));
    this.#timer = setTimeout(done, LONGEST_MS);
  }

  /** Whether a message of this channel still comes by the stream. */
  isLeft(channel: string): boolean {
    return this.#left.has(channel);
  }

  /** Notes that the stream is not needed for a channel any more. */
  take(channel: string): void {
    if (this.#left.delete(channel) && this.#left.size === 0) this.#end();
  }

  /** Ends it without calling `done`. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#stopListening();
  }
}
