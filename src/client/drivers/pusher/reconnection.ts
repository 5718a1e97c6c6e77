import type { ConnectionState } from '../../driver.js';

/**
 * Waits between attempts to restore a lost connection, in milliseconds. `pusher-js` (8.6) tries within a second, then
 * only after 15, 30 and 60 s: too long for a server that restarts. Each wait is shorter than the 10 s after which it says
 * `unavailable`.
 */
const delays = [1_000, 2_000, 4_000, 8_000];

/** Tries a lost connection again, soon and a few times; what lasts longer is left to `pusher-js`. */
export class Reconnection {
  readonly #tryAgain: () => void;
  #attempt = delays.length;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tryAgain: () => void) {
    this.#tryAgain = tryAgain;
  }

  /** To be told each state. A first connection is never hurried: on a slow network that would cut it off. */
  follow(state: ConnectionState): void {
    if (state === 'connecting') {
      this.#wait();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempt = state === 'connected' ? 0 : delays.length;
  }

  #wait(): void {
    const delay = delays[this.#attempt];
    if (delay === undefined || this.#timer !== undefined) return;
    this.#attempt += 1;
    // Spread, so that the pages that lost the same server do not all come back in the same moment.
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#tryAgain();
      },
      delay * (0.5 + Math.random() / 2),
    );
  }
}
