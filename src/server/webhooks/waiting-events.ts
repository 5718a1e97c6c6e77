import type { WireEvent } from '../../pusher-protocol/webhooks.js';

/** Events that may wait, so that a receiver that is gone cannot fill the memory. */
const MAX_WAITING = 10_000;
/** Their data together, in characters. */
const MAX_WAITING_LENGTH = 16_777_216;
/**
 * Data of client events in one webhook, in characters. JSON may take six for each, and receivers limit the size of a
 * body.
 */
const MAX_BATCH_LENGTH = 65_536;

interface Waiting {
  readonly event: WireEvent;
  readonly since: number;
}

/**
 * Events that wait to be sent, in their order. When there are too many, the oldest are dropped: the latest say how
 * things are now.
 */
export class WaitingEvents {
  readonly #events = new Map<string | number, Waiting>();
  #count = 0;
  /** The length of all their data, in characters. */
  #length = 0;

  get size(): number {
    return this.#events.size;
  }

  /** Adds an event; of a channel's counts only the last is kept. Returns how many events were dropped. */
  add(event: WireEvent): number {
    const key = event.name === 'subscription_count' ? event.channel : this.#count++;
    this.#events.delete(key);
    this.#events.set(key, { event, since: performance.now() });
    this.#length += lengthOf(event);
    return this.#dropWhile(() => this.size > MAX_WAITING || (this.#length > MAX_WAITING_LENGTH && this.size > 1));
  }

  /** Takes out the first events. @param count how many at most; there are fewer when they have much data */
  take(count: number): readonly WireEvent[] {
    const taken: WireEvent[] = [];
    const size = new BatchSize();
    for (const [key, { event }] of this.#events) {
      if (taken.length >= count || !size.fits(event)) break;
      this.#delete(key, event);
      taken.push(event);
    }
    return taken;
  }

  /** Drops the events that have waited longer. Returns how many. */
  dropOlderThan(ms: number): number {
    return this.#dropWhile(({ since }) => performance.now() - since > ms);
  }

  /** Drops all events. Returns how many. */
  clear(): number {
    return this.#dropWhile(() => true);
  }

  #dropWhile(isTooMuch: (oldest: Waiting) => boolean): number {
    let dropped = 0;
    for (const [key, oldest] of this.#events) {
      if (!isTooMuch(oldest)) break;
      this.#delete(key, oldest.event);
      dropped++;
    }
    return dropped;
  }

  #delete(key: string | number, event: WireEvent): void {
    this.#events.delete(key);
    this.#length -= lengthOf(event);
  }
}

/** The data of the events in one webhook together. */
export class BatchSize {
  #length = 0;
  #events = 0;

  /** Whether one more event goes into the same webhook. The first one always does. */
  fits(event: WireEvent): boolean {
    this.#length += lengthOf(event);
    return this.#events++ === 0 || this.#length <= MAX_BATCH_LENGTH;
  }
}

function lengthOf({ data }: WireEvent): number {
  return data?.length ?? 0;
}
