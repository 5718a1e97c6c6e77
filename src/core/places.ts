/** The places of work that is under way. There is a limited number of them. */
export class Places {
  readonly #most: number;
  #taken = 0;

  /** @param most how much may be under way at the same time */
  constructor(most: number) {
    this.#most = most;
  }

  /** Takes a place. @returns a function that gives it back, to be called once; undefined when all are taken */
  take(): (() => void) | undefined {
    if (this.#taken >= this.#most) return undefined;
    this.#taken++;
    return () => {
      this.#taken--;
    };
  }
}
