import { DeliveryError, type DeliveryOutcome, type PushError } from '../../src/index.js';
import type { Fault } from './faults.js';

/** A fault of a provider, and what the error of the send that it befalls must say. */
export interface FailureCase<Words extends string | RegExp> {
  readonly what: string;
  readonly fault: Fault;
  /** The class of the error of each channel. */
  readonly cause: new (
    ...parameters: never[]
  ) => PushError;
  readonly outcome: DeliveryOutcome;
  readonly retryable: boolean;
  /** Undefined where there was no answer, or one that does not count. */
  readonly status: number | undefined;
  /** In the error's message. */
  readonly words: Words;
}

interface Details {
  readonly status?: number;
  /** @default DeliveryError */
  readonly cause?: FailureCase<string>['cause'];
}

/** The provider has refused it, and would again. */
export function refused<Words extends string | RegExp>(
  what: string,
  fault: Fault,
  words: Words,
  { status, cause = DeliveryError }: Details = {},
): FailureCase<Words> {
  return { what, fault, cause, outcome: 'rejected', retryable: false, status, words };
}

/** The provider has not taken it now: it may be sent again, and cannot arrive twice. */
export function notNow<Words extends string | RegExp>(
  what: string,
  fault: Fault,
  words: Words,
  details: Details = {},
): FailureCase<Words> {
  return { ...refused(what, fault, words, details), retryable: true };
}

/** The answer got lost, or says that it may have arrived: it may be sent again, and can arrive twice. */
export function inDoubt<Words extends string | RegExp>(
  what: string,
  fault: Fault,
  words: Words,
  details: Details = {},
): FailureCase<Words> {
  return { ...notNow(what, fault, words, details), outcome: 'unknown' };
}
