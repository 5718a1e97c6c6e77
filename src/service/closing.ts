import { Deadline } from '../core/deadline.js';
import type { Logger } from '../core/logger.js';

/** The waits of one close. What they do not wait for any longer is left behind, and logged. */
export class Closing {
  /** A message that is still being sent must not take the backend's time to close. */
  readonly firstHalf: Deadline;
  readonly whole: Deadline;
  readonly #closeTimeout: number;
  readonly #leftBehind: string[] = [];

  /** @param closeTimeout in milliseconds */
  constructor(closeTimeout: number) {
    this.firstHalf = new Deadline(closeTimeout / 2);
    this.whole = new Deadline(closeTimeout);
    this.#closeTimeout = closeTimeout;
  }

  /** @param what names the work, once it is late */
  async waitFor(work: Promise<unknown>, deadline: Deadline, what: () => string): Promise<void> {
    if (!(await deadline.isMetBy(work))) this.#leftBehind.push(what());
  }

  /** Logs what was left behind, if anything. */
  log(logger: Logger): void {
    const leftBehind = this.#leftBehind;
    if (leftBehind.length === 0) return;
    const text = `close() did not wait any longer for ${leftBehind.join(', ')}`;
    logger.warn({ leftBehind, closeTimeout: this.#closeTimeout }, text);
  }
}

/** `2 sends`, or `1 send`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
