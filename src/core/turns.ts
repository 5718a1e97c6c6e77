import { setImmediate } from 'node:timers/promises';

/** How long work on a long list may keep others waiting, in milliseconds. */
const TURN_MS = 10;
/** Items between two looks at the clock, which costs more than a small piece of work. */
const ITEMS_PER_LOOK = 128;

/**
 * Divides the work on a long list into turns, so that the event loop is not kept from other work: call `isOver` after each item,
 * and `await next()` when it says so. A short list is done in one turn.
 */
export class Turns {
  #items = 0;
  #endsAt: number = performance.now() + TURN_MS;

  get isOver(): boolean {
    return ++this.#items % ITEMS_PER_LOOK === 0 && performance.now() >= this.#endsAt;
  }

  /** Lets others work, and begins the next turn. */
  async next(): Promise<void> {
    await setImmediate();
    this.#endsAt = performance.now() + TURN_MS;
  }
}
