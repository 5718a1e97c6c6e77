import { HURRIED_ATTEMPTS, hurriedDelay } from '../../../wire/pusher-js.js';
import type { ConnectionState } from '../../driver.js';

/** Tries a lost connection again, soon and a few times; what lasts longer is left to `pusher-js`. */
export class Reconnection {
  readonly #tryAgain: () => void;
  #attempt = HURRIED_ATTEMPTS;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tryAgain: () => void) {
    this.#tryAgain = tryAgain;
  }

  /**
   * Takes each state of the connection. A first connection is never hurried: on a slow network that would cut it off.
   */
  follow(state: ConnectionState): void {
    if (state !== 'connecting') {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#attempt = state === 'connected' ? 0 : HURRIED_ATTEMPTS;
    } else if (this.#attempt < HURRIED_ATTEMPTS && this.#timer === undefined) {
      this.#timer = setTimeout(
        () => {
          this.#timer = undefined;
          this.#tryAgain();
        },
        hurriedDelay(this.#attempt++),
      );
    }
  }
}
