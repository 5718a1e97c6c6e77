import type { WireEvent } from '../../../channels-protocol/webhooks.js';

/** Events that wait at most, so that a receiver that is gone cannot fill the memory. */
const MAX_WAITING = 10_000;

interface Waiting {
  readonly event: WireEvent;
  readonly since: number;
}

/** Events that wait to be sent, in their order. When there are too many, the oldest go: the latest ones tell how things are. */
export class WaitingEvents {
  readonly #events = new Map<string | number, Waiting>();
  #count = 0;

  get size(): number {
    return this.#events.size;
  }

  /** Returns how many events had to go. Of a channel's counts only the last one is kept. */
  add(event: WireEvent): number {
    const key = event.name === 'subscription_count' ? event.channel : this.#count++;
    this.#events.delete(key);
    this.#events.set(key, { event, since: performance.now() });
    if (this.#events.size <= MAX_WAITING) return 0;
    this.#dropFirst();
    return 1;
  }

  /** Takes the first ones. */
  take(count: number): readonly WireEvent[] {
    const taken: WireEvent[] = [];
    for (const [key, { event }] of this.#events) {
      if (taken.length >= count) break;
      this.#events.delete(key);
      taken.push(event);
    }
    return taken;
  }

  /** Drops those that have waited for longer. Returns how many. */
  dropOlderThan(ms: number): number {
    const before = this.size;
    for (const { since } of this.#events.values()) {
      if (performance.now() - since <= ms) break;
      this.#dropFirst();
    }
    return before - this.size;
  }

  /** Drops all. Returns how many. */
  clear(): number {
    const { size } = this;
    this.#events.clear();
    return size;
  }

  #dropFirst(): void {
    for (const key of this.#events.keys()) {
      this.#events.delete(key);
      return;
    }
  }
}
