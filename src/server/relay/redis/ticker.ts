/** Between two ticks, in milliseconds. */
const TICK_MS = 500;

/** Tells time that passes. When the process stood still, that counts as two ticks at most. */
export class Ticker {
  readonly #timer: NodeJS.Timeout;
  #last = performance.now();

  constructor(tick: (ms: number) => void) {
    this.#timer = setInterval(() => {
      const now = performance.now();
      const passed = now - this.#last;
      this.#last = now;
      tick(Math.min(passed, 2 * TICK_MS));
    }, TICK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
