/** Ids kept in mind. PubNub itself keeps 100 messages a channel for whoever reconnects. */
const MAX_REMEMBERED = 1_000;

/** Tells what came before from what is new; forgets the oldest. */
export class RecentIds {
  readonly #ids = new Set<string>();

  /** Whether none of the ids was there before; they are from now on. */
  areNew(ids: readonly string[]): boolean {
    const areNew = ids.every((id) => !this.#ids.has(id));
    for (const id of ids) this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= MAX_REMEMBERED) break;
      this.#ids.delete(oldest);
    }
    return areNew;
  }
}
