/** The place of a value in a {@link TimeQueue}, by which it is taken out. */
export interface Turn<Value> {
  readonly value: Value;
  readonly at: number;
  /** Decides among turns of one time. */
  readonly order: number;
  readonly queue: TimeQueue<Value>;
  index: number;
}

/** Values by their time, the earliest first, in a binary heap: what is not due yet costs nothing to whoever looks. */
export class TimeQueue<Value> {
  readonly #heap: Turn<Value>[] = [];

  get size(): number {
    return this.#heap.length;
  }

  get first(): Turn<Value> | undefined {
    return this.#heap[0];
  }

  add(value: Value, at: number, order: number): Turn<Value> {
    const turn: Turn<Value> = { value, at, order, queue: this, index: this.#heap.length };
    this.#heap.push(turn);
    this.#rise(turn);
    return turn;
  }

  /** Takes out a turn of this queue. */
  remove(turn: Turn<Value>): void {
    const last = this.#heap.pop();
    if (last === undefined || last === turn) return;
    last.index = turn.index;
    this.#heap[last.index] = last;
    this.#rise(last);
    this.#sink(last);
  }

  /** @returns how many are due at a time */
  countDue(now: number, index = 0): number {
    const turn = this.#heap[index];
    if (turn === undefined || turn.at > now) return 0;
    return 1 + this.countDue(now, 2 * index + 1) + this.countDue(now, 2 * index + 2);
  }

  /** @returns what is due at a time, in any order */
  due(now: number, found: Turn<Value>[] = [], index = 0): Turn<Value>[] {
    const turn = this.#heap[index];
    if (turn === undefined || turn.at > now) return found;
    found.push(turn);
    this.due(now, found, 2 * index + 1);
    return this.due(now, found, 2 * index + 2);
  }

  #rise(turn: Turn<Value>): void {
    while (turn.index > 0) {
      const parent = this.#heap[(turn.index - 1) >> 1] as Turn<Value>;
      if (!isBefore(turn, parent)) return;
      this.#swap(turn, parent);
    }
  }

  #sink(turn: Turn<Value>): void {
    for (;;) {
      const child = earliest(this.#heap[2 * turn.index + 1], this.#heap[2 * turn.index + 2]);
      if (child === undefined || !isBefore(child, turn)) return;
      this.#swap(child, turn);
    }
  }

  #swap(one: Turn<Value>, other: Turn<Value>): void {
    [one.index, other.index] = [other.index, one.index];
    this.#heap[one.index] = one;
    this.#heap[other.index] = other;
  }
}

/** The turn that comes first. */
export function earliest<Value>(one: Turn<Value> | undefined, other: Turn<Value> | undefined): Turn<Value> | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return isBefore(other, one) ? other : one;
}

function isBefore<Value>(one: Turn<Value>, other: Turn<Value>): boolean {
  return one.at === other.at ? one.order < other.order : one.at < other.at;
}
