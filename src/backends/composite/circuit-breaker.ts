/** What changed about a circuit. */
export type CircuitChange = 'opened' | 'tried again' | 'still open' | 'closed';

/** When a circuit opens, and for how long. */
export interface CircuitLimits {
  readonly failuresToOpen: number;
  readonly resetAfterMs: number;
}

/**
 * Leaves a backend out after failures in a row, and lets one request try it again after a time. cockatiel's breaker does not fit:
 * it makes other requests wait for the one that tries, where they are to go elsewhere; it judges calls, where one call has a result
 * for each channel; and it cannot take back a try whose caller gave up.
 */
export class CircuitBreaker {
  readonly #limits: CircuitLimits;
  readonly #changed: (change: CircuitChange) => void;
  #failures = 0;
  #openedAt: number | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  #restsUntil = Number.NEGATIVE_INFINITY;
  #isTrying = false;

  constructor(limits: CircuitLimits, changed: (change: CircuitChange) => void) {
    this.#limits = limits;
    this.#changed = changed;
  }

  get isOpen(): boolean {
    return this.#openedAt !== undefined;
  }

  /** When it failed last, on the clock of `performance.now()`. */
  get failedAt(): number {
    return this.#failedAt;
  }

  /** Whether the provider asked to wait, and the time has not passed. */
  get isResting(): boolean {
    return performance.now() < this.#restsUntil;
  }

  /** How long until a request may be made, in milliseconds. */
  get waitMs(): number {
    const reset = this.#openedAt === undefined ? 0 : this.#openedAt + this.#limits.resetAfterMs;
    return Math.max(0, reset - performance.now(), this.#restsUntil - performance.now());
  }

  /** Whether a request may be made: the circuit is closed, or it is time for one request to try. */
  get isLive(): boolean {
    return this.waitMs === 0 && !this.#isTrying;
  }

  /** A request begins. @returns whether it is the one that tries an open circuit */
  begin(): boolean {
    if (!this.isOpen || !this.isLive) return false;
    this.#isTrying = true;
    this.#changed('tried again');
    return true;
  }

  /** A request was answered, be it with a refusal: the provider is there. */
  succeeded(isTry: boolean): void {
    if (isTry) this.#isTrying = false;
    this.#failures = 0;
    if (this.#openedAt === undefined) return;
    this.#openedAt = undefined;
    this.#changed('closed');
  }

  /** A request failed in a way that speaks of the provider. @param restMs how long the provider asked to wait */
  failed(isTry: boolean, restMs = 0): void {
    const now = performance.now();
    this.#failedAt = now;
    if (restMs > 0) this.#restsUntil = Math.max(this.#restsUntil, now + restMs);
    if (isTry) {
      this.#isTrying = false;
      this.#openedAt = now;
      this.#changed('still open');
    } else if (this.#openedAt === undefined && ++this.#failures >= this.#limits.failuresToOpen) this.open();
  }

  /** A request ended that says nothing of the provider: whoever made it gave up. */
  gaveUp(isTry: boolean): void {
    if (isTry) this.#isTrying = false;
  }

  /** Opens the circuit at once. */
  open(): void {
    this.#failedAt = performance.now();
    if (this.#openedAt !== undefined) return;
    this.#openedAt = this.#failedAt;
    this.#changed('opened');
  }
}
