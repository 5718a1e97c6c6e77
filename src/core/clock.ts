import { MAX_TIMEOUT_MS } from '../wire/timers.js';

/** The time by which messages wait: delays, leases, retries. Tests have one that they turn. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Calls a function once, after a time in milliseconds, which may be longer than a timer takes. It MUST NOT keep the
   * process running.
   * @returns a function that calls it off
   */
  after(ms: number, run: () => void): () => void;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      const part = Math.min(Math.max(left, 0), MAX_TIMEOUT_MS);
      timer = setTimeout(() => (left > part ? wait(left - part) : run()), part);
      timer.unref();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};
