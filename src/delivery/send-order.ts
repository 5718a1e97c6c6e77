import { untilAborted } from '../core/until-aborted.js';
import { firedEarly } from './plan.js';

/**
 * The order of `ordered` sends. A send takes its turn when it is called, and waits until the sends that were called
 * before it and share a channel with it have ended.
 */
export class SendOrder {
  /** The end of the last send to each channel, as long as it has not ended. */
  readonly #ends = new Map<string, Promise<void>>();
  /** Resolves when the channels of all sends that were called so far are known. */
  #named: Promise<void> = Promise.resolve();

  /** Takes the next turn. */
  next(): Turn {
    return new Turn(this.#ends, (own) => {
      const before = this.#named;
      this.#named = before.then(() => own);
      return before;
    });
  }
}

/** The turn of one send. It has to be ended, in any case. */
export class Turn {
  readonly #ends: Map<string, Promise<void>>;
  readonly #named = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #before: Promise<void>;

  /**
   * @param ends the end of the last send to each channel
   * @param follow takes what resolves when the channels of this send are known, and returns the same of those before
   */
  constructor(ends: Map<string, Promise<void>>, follow: (named: Promise<void>) => Promise<void>) {
    this.#ends = ends;
    this.#before = follow(this.#named.promise);
  }

  /**
   * Waits until it is this send's turn.
   * @param channels all channels that it sends to
   * @throws AbortError when the signal fires first
   */
  async comes(channels: ReadonlySet<string>, signal: AbortSignal | undefined): Promise<void> {
    await untilAborted(this.#before, signal, firedEarly);
    const earlier = new Set<Promise<void>>();
    for (const channel of channels) {
      const end = this.#ends.get(channel);
      if (end !== undefined) earlier.add(end);
    }
    const allEarlier = Promise.all(earlier);
    // A send that gives up while it waits must not let a later one pass those that it waited for.
    const end = allEarlier.then(() => this.#ended.promise);
    for (const channel of channels) this.#ends.set(channel, end);
    void end.then(() => {
      for (const channel of channels) if (this.#ends.get(channel) === end) this.#ends.delete(channel);
    });
    this.#named.resolve();
    await untilAborted(allEarlier, signal, firedEarly);
  }

  /** Lets later sends go. A second call changes nothing. */
  end(): void {
    this.#named.resolve();
    this.#ended.resolve();
  }
}
