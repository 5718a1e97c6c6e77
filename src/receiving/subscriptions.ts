import { askBackend, NOT_SUBSCRIBED } from '../backends/contract/ask.js';
import { asPushError } from '../backends/contract/failure.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';

/** Who wants a channel: the application by `subscribe`, loops over its messages, and the streams of pages. */
interface Wanted {
  isExplicit: boolean;
  loops: number;
  streams: number;
}

/**
 * The channels that a service is subscribed to. A channel stays subscribed while `subscribe` wants it, a loop runs over
 * its messages, or a page hears it by a stream. Calls for one channel run one after the other.
 */
export class Subscriptions {
  readonly #backend: AnyBackend;
  readonly #timeout: number;
  readonly #wanted = new Map<string, Wanted & { busy: Promise<void> }>();

  /** @param timeout how long the backend has for a subscription or its end, in milliseconds */
  constructor(backend: AnyBackend, timeout: number) {
    this.#backend = backend;
    this.#timeout = timeout;
  }

  subscribe(channel: string): Promise<void> {
    return this.#change(channel, (entry) => {
      entry.isExplicit = true;
    });
  }

  unsubscribe(channel: string): Promise<void> {
    return this.#change(channel, (entry) => {
      entry.isExplicit = false;
    });
  }

  beginLoop(channel: string): Promise<void> {
    return this.#change(channel, (entry) => {
      entry.loops++;
    });
  }

  endLoop(channel: string): Promise<void> {
    return this.#change(channel, (entry) => {
      entry.loops--;
    });
  }

  beginStream(channel: string): Promise<void> {
    return this.#change(channel, (entry) => {
      entry.streams++;
    });
  }

  endStream(channel: string): Promise<void> {
    return this.#change(channel, (entry) => {
      entry.streams--;
    });
  }

  /** Whether the messages of a subscription are for the application, and not for pages alone. */
  isForApplication(channel: string): boolean {
    const entry = this.#wanted.get(channel);
    return entry === undefined || entry.isExplicit || entry.loops > 0 || entry.streams === 0;
  }

  /** @param isLate whether a subscription has come about that was given up before */
  #change(channel: string, change: (entry: Wanted) => void, isLate = false): Promise<void> {
    const entry = this.#wanted.get(channel) ?? { isExplicit: false, loops: 0, streams: 0, busy: Promise.resolve() };
    this.#wanted.set(channel, entry);
    const run = async (): Promise<void> => {
      const before = { isExplicit: entry.isExplicit, loops: entry.loops, streams: entry.streams };
      change(entry);
      try {
        if (isWanted(entry) && !isWanted(before)) await this.#begin(channel);
        if (!isWanted(entry) && (isWanted(before) || isLate)) await this.#end(channel);
      } catch (error) {
        // A failed subscription does not count. A failed end does: nobody wants the channel any more.
        if (isWanted(entry)) Object.assign(entry, before);
        throw asPushError(error, this.#backend);
      }
    };
    const done = entry.busy.then(run);
    const settled = done.catch(() => {});
    entry.busy = settled;
    void settled.then(() => {
      if (entry.busy === settled && !isWanted(entry)) this.#wanted.delete(channel);
    });
    return done;
  }

  async #begin(channel: string): Promise<void> {
    let isGivenUp = false;
    const begin = async (): Promise<void> => {
      await this.#backend.subscribe(channel);
      if (!isGivenUp) return;
      // Its messages would come in, and the application knows of no subscription.
      this.#change(channel, () => {}, true).catch(() => {});
    };
    try {
      await askBackend(this.#backend, this.#timeout, begin, `subscribe to "${channel}"`, NOT_SUBSCRIBED);
    } catch (error) {
      isGivenUp = true;
      throw error;
    }
  }

  async #end(channel: string): Promise<void> {
    const end = (): Promise<void> => this.#backend.unsubscribe(channel);
    await askBackend(this.#backend, this.#timeout, end, `unsubscribe from "${channel}"`);
  }
}

function isWanted({ isExplicit, loops, streams }: Wanted): boolean {
  return isExplicit || loops > 0 || streams > 0;
}
