import { nothingSent } from '../backends/contract/request-sent.js';
import { TimeoutError } from '../core/errors.js';
import { InFlight } from './in-flight.js';

/** One attempt at a request. Its signal fires when nobody waits for its answer any more. */
export type Attempt = (signal: AbortSignal) => Promise<void>;

/**
 * Microtasks that an attempt may take before a timer watches its deadline. A backend in this process answers within
 * fewer, and never needs the timer.
 */
const MICROTASKS_WITHOUT_TIMER = 8;

/** Makes attempts, each with a deadline, and no more than a number of them at once. */
export class Attempts {
  readonly #inFlight: InFlight;

  /** @param concurrency number of attempts in flight at once */
  constructor(concurrency: number) {
    this.#inFlight = new InFlight(concurrency);
  }

  /**
   * Makes an attempt, as soon as there is a place for it. It ends with its answer, else when its deadline has passed or
   * the caller has aborted: then its signal fires, and the answer is not waited for.
   * @param ms the deadline, in milliseconds from the beginning of the attempt
   * @throws TimeoutError when it was ended, be it by the caller; else whatever it throws itself
   */
  async make(attempt: Attempt, ms: number, callerSignal: AbortSignal | undefined): Promise<void> {
    const place = this.#inFlight.enter();
    if (place !== undefined) await place;
    try {
      const beganAt = performance.now();
      const controller = new AbortController();
      const answer = attempt(controller.signal);
      let hasEnded = false;
      const end = (): void => {
        hasEnded = true;
      };
      answer.then(end, end);
      const mayPass = (): boolean => !hasEnded && callerSignal?.aborted !== true;
      for (let passed = 0; mayPass() && passed < MICROTASKS_WITHOUT_TIMER; passed++) await undefined;
      await (hasEnded ? answer : inTime(answer, controller, beganAt, ms, callerSignal));
    } finally {
      this.#inFlight.leave();
    }
  }
}

async function inTime(
  answer: Promise<void>,
  controller: AbortController,
  beganAt: number,
  ms: number,
  callerSignal: AbortSignal | undefined,
): Promise<void> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const giveUp = (reason?: unknown): void => {
    reject(timeoutError(ms, controller.signal));
    controller.abort(reason);
  };
  const onAbort = (): void => giveUp(callerSignal?.reason);
  const timer = setTimeout(giveUp, Math.ceil(Math.max(0, beganAt + ms - performance.now())));
  if (callerSignal?.aborted) onAbort();
  callerSignal?.addEventListener('abort', onAbort);
  try {
    await Promise.race([answer, givenUp]);
  } finally {
    clearTimeout(timer);
    callerSignal?.removeEventListener('abort', onAbort);
  }
}

function timeoutError(ms: number, signal: AbortSignal): TimeoutError {
  if (nothingSent(signal))
    return new TimeoutError(`No connection within ${ms} ms: nothing was sent.`, { outcome: 'rejected' });
  return new TimeoutError(`No answer within ${ms} ms; the message may have been delivered.`);
}
