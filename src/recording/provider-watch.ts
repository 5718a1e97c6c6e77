import { CircuitBreaker, type CircuitChange } from '../core/circuit-breaker.js';
import type { Clock } from '../core/clock.js';
import { retryAfterOf } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { Delivery } from '../delivery/split.js';

/** Messages in a row that fail because the provider is away, until it counts as away. */
const FAILURES_TO_OPEN = 5;
/** Time until a message tries a provider that is away, in milliseconds. */
const RESET_AFTER_MS = 5_000;

/** Longest time for which a provider may make all messages wait, in milliseconds. */
const LONGEST_REST_MS = 86_400_000;

const texts: Readonly<Record<CircuitChange, string>> = {
  opened: 'is away: recorded messages wait until it answers',
  'tried again': 'was away, and one message tries it again',
  'still open': 'is still away',
  closed: 'answers again',
};

/**
 * Knows whether the provider is away: does not answer, cannot be reached, or asks everybody to wait. Then messages
 * wait, and a try that fails does not count.
 */
export class ProviderWatch {
  readonly #circuit: CircuitBreaker;

  constructor(backend: string, clock: Clock, logger: Logger) {
    const limits = { failuresToOpen: FAILURES_TO_OPEN, resetAfterMs: RESET_AFTER_MS };
    const changed = (change: CircuitChange): void => {
      const level = change === 'opened' || change === 'closed' ? 'warn' : 'debug';
      logger[level]({ backend }, `the provider of the ${backend} backend ${texts[change]}`);
    };
    this.#circuit = new CircuitBreaker(limits, changed, () => clock.now());
  }

  get isAway(): boolean {
    return this.#circuit.isOpen;
  }

  /** Whether messages may be sent: the provider is there, or it is time for one message to try it. */
  get isLive(): boolean {
    return this.#circuit.isLive;
  }

  /** Time until one may be sent, in milliseconds. */
  get waitMs(): number {
    return this.#circuit.waitMs;
  }

  /** Notes that messages are about to be sent. @returns whether they try a provider that is away */
  begin(): boolean {
    return this.#circuit.begin();
  }

  /** Notes that messages that were about to be sent were not. */
  gaveUp(isTry: boolean): void {
    this.#circuit.gaveUp(isTry);
  }

  /** Notes how a message ended. */
  ended(isTry: boolean, delivery: Delivery): void {
    const verdict = delivery.planned.channels.length === 0 ? 'gave up' : verdictOn(delivery);
    if (verdict === 'gave up') this.#circuit.gaveUp(isTry);
    else if (verdict === 'answered') this.#circuit.succeeded(isTry);
    else this.#circuit.failed(isTry, verdict);
  }
}

/** What a delivery says of the provider: a number is the time that it asked to wait, when it is away. */
function verdictOn({ failures, planned: { channels } }: Delivery): 'answered' | 'gave up' | number {
  if (failures.size < channels.length) return 'answered';
  const errors = new Set(failures.values());
  let restMs = 0;
  for (const error of errors) {
    if (error.code === 'ABORTED') return 'gave up';
    if (!error.retryable) return 'answered';
    restMs = Math.max(restMs, retryAfterOf(error));
  }
  return Math.min(restMs, LONGEST_REST_MS);
}
