/**
 * Things that all wait equally long. So they are due in the order in which they came, and one timer serves them. It
 * does not keep the process alive, and there is none while nothing waits.
 */
export class WaitingLine<Item> {
  readonly #waitMs: number;
  readonly #take: (item: Item) => void;
  /** When each is due, by the clock of `performance.now()`. */
  readonly #due = new Map<Item, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param take takes each thing whose time has come, and which waits no more; must not throw */
  constructor(waitMs: number, take: (item: Item) => void) {
    this.#waitMs = waitMs;
    this.#take = take;
  }

  /** Number of things that wait. */
  get size(): number {
    return this.#due.size;
  }

  /** What waits, in the order in which it is due. */
  get items(): readonly Item[] {
    return [...this.#due.keys()];
  }

  /** Whether a thing waits. */
  has(item: Item): boolean {
    return this.#due.has(item);
  }

  /** Lets a thing wait. One that waits already keeps its time. */
  add(item: Item): void {
    if (this.#due.has(item)) return;
    this.#due.set(item, performance.now() + this.#waitMs);
    this.#timer ??= this.#wait(this.#waitMs);
  }

  /** Lets a thing wait no more. Returns whether it did. */
  delete(item: Item): boolean {
    const waited = this.#due.delete(item);
    if (waited && this.#due.size === 0) this.#wake(undefined);
    return waited;
  }

  /** Forgets all that waits. */
  clear(): void {
    this.#due.clear();
    this.#wake(undefined);
  }

  #wait(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#takeDue(), ms).unref();
  }

  #wake(next: NodeJS.Timeout | undefined): void {
    clearTimeout(this.#timer);
    this.#timer = next;
  }

  #takeDue(): void {
    const now = performance.now();
    for (const [item, due] of this.#due) {
      // A timer of Node may be early by less than a millisecond.
      if (due - now >= 1) {
        this.#wake(this.#wait(due - now));
        return;
      }
      this.#due.delete(item);
      this.#take(item);
    }
    this.#wake(undefined);
  }
}
