import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/core/clock.js';

/** Turns of the event loop that whatever a timer began gets, before the next timer. */
const TURNS = 4;

interface Timer {
  at: number;
  readonly run: () => void;
}

/** A clock that tests turn. It begins at a fixed time. */
export class TestClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  constructor(now: number = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Turns the clock on, and runs on the way what is due, each at its time. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.#settle();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await this.#settle();
    }
    this.#now = end;
    await this.#settle();
  }

  /** Sets the clock, back or forward, as an administrator does: timers run when the time has passed that they wait. */
  set(now: number): void {
    for (const timer of this.#timers) timer.at += now - this.#now;
    this.#now = now;
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers)
      if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer;
    return first;
  }

  async #settle(): Promise<void> {
    for (let each = 0; each < TURNS; each++) await turn();
  }
}
