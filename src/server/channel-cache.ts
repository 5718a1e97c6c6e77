import { AgeOrder } from '../core/age-order.js';

/** The last event of each cache channel: for some time, and of a limited number of channels. */
export class ChannelCache {
  /** Their ends go by `performance.now()`, a clock that nobody can set. */
  readonly #events = new AgeOrder<string, { text: string; expires: number }>();
  readonly #ttlMs: number;
  readonly #maxChannels: number;

  /** @param ttlMs how long an event is kept, in milliseconds */
  constructor(ttlMs: number, maxChannels: number) {
    this.#ttlMs = ttlMs;
    this.#maxChannels = maxChannels;
  }

  get size(): number {
    return this.#events.size;
  }

  set(channel: string, text: string): void {
    // All are kept equally long, so the oldest is always the next to expire.
    this.#events.set(channel, { text, expires: performance.now() + this.#ttlMs });
    for (const [oldest, { expires }] of this.#events) {
      if (this.#events.size <= this.#maxChannels && expires > performance.now()) break;
      this.#events.delete(oldest);
    }
  }

  delete(channel: string): void {
    this.#events.delete(channel);
  }

  clear(): void {
    for (const [channel] of this.#events) this.#events.delete(channel);
  }

  get(channel: string): string | undefined {
    return this.look(channel)?.text;
  }

  /** The event of a channel, with the milliseconds for which it is still kept. */
  look(channel: string): { readonly text: string; readonly ttlMs: number } | undefined {
    const event = this.#events.get(channel);
    if (event === undefined) return undefined;
    const ttlMs = event.expires - performance.now();
    if (ttlMs > 0) return { text: event.text, ttlMs };
    this.#events.delete(channel);
    return undefined;
  }
}
