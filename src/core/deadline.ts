import { type DeliveryOutcome, TimeoutError } from './errors.js';
import { untilAborted } from './until-aborted.js';

const LATE = Symbol('late');

/** Something that is waited for, in the words of an error: `<missing> within 500 ms: <consequence>.` */
export interface Wait {
  /** The failure in words, such as `The session adapter did not answer`. */
  readonly missing: string;
  /** What follows from it, such as `nothing was sent`. @default nothing is said */
  readonly consequence?: string | undefined;
  /** The name of the backend that did not answer. */
  readonly backend?: string | undefined;
  /** @default 'rejected' */
  readonly outcome?: DeliveryOutcome | undefined;
}

/** A caller who may stop waiting before the deadline. */
export interface Caller {
  readonly signal: AbortSignal | undefined;
  /** Makes the error for a signal that has fired. */
  aborted(signal: AbortSignal): Error;
}

/**
 * The time that others have to answer, from the making of the deadline on. Several waits can share one. Work that is
 * late goes on: nobody hears its result, and its failure counts as handled.
 */
export class Deadline {
  readonly #ms: number;
  readonly #endsAt: number;

  /** @param ms the time, in milliseconds */
  constructor(ms: number) {
    this.#ms = ms;
    this.#endsAt = performance.now() + ms;
  }

  /**
   * Waits for an answer.
   * @param wait what is waited for; a function is asked when it is late
   * @throws TimeoutError when it does not come in time
   * @throws whatever the caller's `aborted` makes, when the caller's signal fires first
   */
  async wait<Answer>(answer: Promise<Answer>, wait: Wait | (() => Wait), caller?: Caller): Promise<Answer> {
    const late = (): never => {
      const { missing, consequence, backend, outcome = 'rejected' } = typeof wait === 'function' ? wait() : wait;
      const end = consequence === undefined ? '.' : `: ${consequence}.`;
      throw new TimeoutError(`${missing} within ${this.#ms} ms${end}`, { backend, outcome });
    };
    return this.#race(answer, late, caller);
  }

  /** The time that is left, in milliseconds. */
  get leftMs(): number {
    return Math.max(0, this.#endsAt - performance.now());
  }

  /** Waits for work. @returns whether it ended in time @throws whatever the work throws in time */
  isMetBy(work: Promise<unknown>): Promise<boolean> {
    return this.#race(
      work.then(() => true),
      () => false,
    );
  }

  async #race<Answer>(answer: Promise<Answer>, late: () => Answer, caller?: Caller): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<typeof LATE>();
    const timer = setTimeout(resolve, Math.ceil(this.leftMs), LATE);
    try {
      const inTime = Promise.race([answer, promise]);
      const first = await (caller === undefined ? inTime : untilAborted(inTime, caller.signal, caller.aborted));
      return first === LATE ? late() : first;
    } finally {
      clearTimeout(timer);
    }
  }
}
