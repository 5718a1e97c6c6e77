import { setImmediate } from 'node:timers/promises';

/** Longest time that work on a long list keeps the event loop from other work, in milliseconds. */
const SLICE_MS = 10;
/** Items between two looks at the clock, which costs more than a small piece of work. */
const ITEMS_PER_LOOK = 128;

/**
 * Divides the work on a long list into slices of time, so that the event loop gets to other work in between: call
 * `isOver` after each item, and `await next()` when it says so. A short list is done in one slice.
 */
export class TimeSlices {
  readonly #itemsPerLook: number;
  #items = 0;
  #endsAt: number = performance.now() + SLICE_MS;

  /** @param itemsPerLook number of items between two looks at the clock. @default 128 */
  constructor(itemsPerLook: number = ITEMS_PER_LOOK) {
    this.#itemsPerLook = itemsPerLook;
  }

  /** Counts an item, and says whether the slice has used up its time. */
  get isOver(): boolean {
    return ++this.#items % this.#itemsPerLook === 0 && performance.now() >= this.#endsAt;
  }

  /** Lets other work run, and begins the next slice. */
  async next(): Promise<void> {
    await setImmediate();
    this.#endsAt = performance.now() + SLICE_MS;
  }
}
