/**
 * Waits before a lost connection is tried again, in milliseconds; the last one repeats. On Node, `pusher-js` (8.6) does not notice that
 * a connection is refused, and would wait for 15 s each time.
 */
const delays = [1_000, 2_000, 4_000, 8_000];

/** Tries a connection that was lost again, until it is back. */
export class HurriedReconnection {
  readonly #tryAgain: () => void;
  #attempt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(tryAgain: () => void) {
    this.#tryAgain = tryAgain;
  }

  /** To be called when the connection was lost; does nothing while it waits. */
  start(): void {
    if (this.#timer !== undefined) return;
    const delay = delays[Math.min(this.#attempt, delays.length - 1)] ?? 0;
    this.#attempt++;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#tryAgain();
        this.start();
      },
      // Spread, so that processes that lost the same server do not all come back in the same moment.
      delay * (0.5 + Math.random() / 2),
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempt = 0;
  }
}
