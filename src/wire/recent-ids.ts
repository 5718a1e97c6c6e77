/** Remembers the ids that came in last, and tells a repetition from something new. */
export class RecentIds {
  readonly #limit: number;
  readonly #ids = new Set<string>();

  /** @param limit how many ids are remembered; the oldest is forgotten first. @default 1000 */
  constructor(limit = 1_000) {
    this.#limit = limit;
  }

  /** Whether none of the ids is remembered; all of them are from now on. */
  areNew(ids: readonly string[]): boolean {
    const areNew = ids.every((id) => !this.#ids.has(id));
    for (const id of ids) {
      this.#ids.add(id);
      const [oldest = ''] = this.#ids;
      if (this.#ids.size > this.#limit) this.#ids.delete(oldest);
    }
    return areNew;
  }
}
