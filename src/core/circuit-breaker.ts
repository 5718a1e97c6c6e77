/** A change of a circuit, as it is logged. */
export type CircuitChange = 'opened' | 'tried again' | 'still open' | 'closed';

/** The limits of a circuit: when it opens, and for how long. */
export interface CircuitLimits {
  /** Number of failures in a row that open it. */
  readonly failuresToOpen: number;
  /** Time before one request tries an open circuit, in milliseconds. */
  readonly resetAfterMs: number;
}

/**
 * Leaves a backend out after failures in a row, and lets one request try it again after a time.
 *
 * cockatiel's breaker does not fit. It makes all requests wait for the one that tries, and ours go to another backend
 * meanwhile. It judges a call, and one call of ours has a result for each channel. It cannot take back a try whose
 * caller gave up.
 */
export class CircuitBreaker {
  readonly #limits: CircuitLimits;
  readonly #changed: (change: CircuitChange) => void;
  readonly #now: () => number;
  #failures = 0;
  #openedAt: number | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  #restsUntil = Number.NEGATIVE_INFINITY;
  #restMs = 0;
  #isTrying = false;

  /** @param now the clock, in milliseconds. @default `performance.now()` */
  constructor(
    limits: CircuitLimits,
    changed: (change: CircuitChange) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#limits = limits;
    this.#changed = changed;
    this.#now = now;
  }

  get isOpen(): boolean {
    return this.#openedAt !== undefined;
  }

  /** The time of the last failure, on the circuit's clock. */
  get failedAt(): number {
    return this.#failedAt;
  }

  /** Whether the provider asked to wait, and its time has not passed. */
  get isResting(): boolean {
    return this.#present() < this.#restsUntil;
  }

  /** Time until a request may be made, in milliseconds. */
  get waitMs(): number {
    const now = this.#present();
    const reset = this.#openedAt === undefined ? 0 : this.#openedAt + this.#limits.resetAfterMs;
    return Math.max(0, reset - now, this.#restsUntil - now);
  }

  /** The present. When the clock was put back, the waits begin anew, and do not last as long as it was put back by. */
  #present(): number {
    const now = this.#now();
    if (this.#openedAt !== undefined && this.#openedAt > now) this.#openedAt = now;
    this.#restsUntil = Math.min(this.#restsUntil, now + this.#restMs);
    return now;
  }

  /** Whether a request may be made: the circuit is closed, or it is time for one request to try it. */
  get isLive(): boolean {
    return this.waitMs === 0 && !this.#isTrying;
  }

  /** Notes that a request begins. @returns whether it is the one that tries an open circuit */
  begin(): boolean {
    if (!this.isOpen || !this.isLive) return false;
    this.#isTrying = true;
    this.#changed('tried again');
    return true;
  }

  /** Notes that the provider answered a request. A refusal counts, because it shows that the provider is there. */
  succeeded(isTry: boolean): void {
    if (isTry) this.#isTrying = false;
    this.#failures = 0;
    if (this.#openedAt === undefined) return;
    this.#openedAt = undefined;
    this.#changed('closed');
  }

  /** Notes that the provider failed at a request. @param restMs the time that it asked to wait, in milliseconds */
  failed(isTry: boolean, restMs = 0): void {
    const now = this.#now();
    this.#failedAt = now;
    if (now + restMs > this.#restsUntil && restMs > 0) {
      this.#restsUntil = now + restMs;
      this.#restMs = restMs;
    }
    if (isTry) {
      this.#isTrying = false;
      this.#openedAt = now;
      this.#changed('still open');
    } else if (this.#openedAt === undefined && ++this.#failures >= this.#limits.failuresToOpen) this.open();
  }

  /** Notes that the caller gave up a request, which says nothing of the provider. */
  gaveUp(isTry: boolean): void {
    if (isTry) this.#isTrying = false;
  }

  /** Opens the circuit at once. */
  open(): void {
    this.#failedAt = this.#now();
    if (this.#openedAt !== undefined) return;
    this.#openedAt = this.#failedAt;
    this.#changed('opened');
  }
}
