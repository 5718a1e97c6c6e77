/** Somebody who waits for a place. */
interface Waiting {
  readonly begin: () => void;
  next: Waiting | undefined;
}

/** Bounds how many requests are in flight. The others wait in line. */
export class InFlight {
  #free: number;
  /** The line, as a list of links: its first is taken in the same time, however long the line is. */
  #first: Waiting | undefined;
  #last: Waiting | undefined;

  constructor(most: number) {
    this.#free = most;
  }

  /** Takes a place, which has to be given back by `leave`. @returns what to wait for, when none is free */
  enter(): Promise<void> | undefined {
    if (this.#free === 0) return new Promise((begin) => this.#line(begin));
    this.#free--;
    return undefined;
  }

  #line(begin: () => void): void {
    const waiting: Waiting = { begin, next: undefined };
    if (this.#last === undefined) this.#first = waiting;
    else this.#last.next = waiting;
    this.#last = waiting;
  }

  /** Gives a place back. Whoever has waited longest gets it. */
  leave(): void {
    const first = this.#first;
    if (first === undefined) {
      this.#free++;
      return;
    }
    this.#first = first.next;
    if (this.#first === undefined) this.#last = undefined;
    first.begin();
  }
}
