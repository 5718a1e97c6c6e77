import { PushError } from '../core/errors.js';
import { TimeSlices } from '../core/time-slices.js';

interface Call<Item, Answer> {
  readonly items: readonly Item[];
  readonly resolve: (answers: readonly Answer[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes one call of many that come at the same time: what comes while a call is under way goes with the next one. A
 * call that stands alone does not wait.
 */
export class Together<Item, Answer> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Answer[]>;
  readonly #most: number;
  readonly #soon: (work: () => void) => void;
  #waiting: Call<Item, Answer>[] = [];
  #isRunning = false;

  /**
   * @param run answers for each item, in their order
   * @param most number of items after which a call takes no more
   * @param soon begins a call that stands alone. With `setImmediate`, all that ends in this turn of the event loop goes
   * with it, such as requests whose answers have come
   */
  constructor(
    run: (items: readonly Item[]) => Promise<readonly Answer[]>,
    most: number,
    soon: (work: () => void) => void = queueMicrotask,
  ) {
    this.#run = run;
    this.#most = most;
    this.#soon = soon;
  }

  /** @throws whatever the call throws that these items were part of */
  add(items: readonly Item[]): Promise<readonly Answer[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, resolve, reject });
      if (this.#isRunning) return;
      this.#isRunning = true;
      this.#soon(() => void this.#work());
    });
  }

  async #work(): Promise<void> {
    // A store in this process answers without a turn of the event loop.
    const slices = new TimeSlices(1);
    while (this.#waiting.length > 0) {
      await this.#next();
      if (slices.isOver) await slices.next();
    }
    this.#isRunning = false;
  }

  async #next(): Promise<void> {
    let size = 0;
    let end = 0;
    for (const { items } of this.#waiting) {
      if (end > 0 && size + items.length > this.#most) break;
      size += items.length;
      end++;
    }
    const calls = this.#waiting.splice(0, end);
    try {
      const answers = await this.#run(calls.flatMap(({ items }) => items));
      let position = 0;
      for (const { items, resolve } of calls) {
        resolve(answers.slice(position, position + items.length));
        position += items.length;
      }
    } catch (error) {
      if (calls.length === 1) calls[0]?.reject(error);
      else if (PushError.isPushError(error) && error.retryable) for (const { reject } of calls) reject(error);
      // One of them is the reason, and the others must not fail with it.
      else for (const { items, resolve, reject } of calls) await this.#run(items).then(resolve, reject);
    }
  }
}
