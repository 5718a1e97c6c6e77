import { type DeliveryOutcome, outcomeOf, type PushError, retryAfterOf } from '../../core/errors.js';
import { DeliveryError, sharedReason } from '../../core/report.js';

/** The reason of one backend for not accepting a message. */
export interface ChildRefusal {
  /** The backend's name, with its number where several have the same. */
  readonly label: string;
  readonly error: PushError;
}

/** A message was not accepted: the errors of several backends in one. */
class CompositeError extends DeliveryError {
  static override readonly name: string = 'DeliveryError';

  /** Time until the first of the backends may be tried again, in milliseconds; undefined when that is at once. */
  readonly retryAfter: number | undefined;

  constructor(
    message: string,
    options: {
      backend: string;
      outcome: DeliveryOutcome;
      retryable: boolean;
      cause: unknown;
      retryAfter: number;
      reason?: PushError | undefined;
    },
  ) {
    super(message, options);
    this.retryAfter = options.retryAfter > 0 ? options.retryAfter : undefined;
  }
}

/**
 * Makes one error of the refusals of several backends. It is retryable when one of theirs is. Its outcome is
 * `'unknown'` when that of one is, and when a backend accepted the message: `'rejected'` means that nobody has got it.
 * @param backend the composite's name
 * @param accepted labels of the backends that accepted the message
 */
export function compositeError(
  backend: string,
  refusals: readonly ChildRefusal[],
  accepted: readonly string[] = [],
): PushError {
  const reasons = refusals.map(({ label, error }) => `${label}: ${error.message}`).join(' ');
  const head =
    accepted.length === 0
      ? `No backend of ${backend} accepted the message.`
      : `The message was accepted by ${accepted.join(', ')}, but not by all of ${backend}.`;
  const errors = refusals.map(({ error }) => error);
  const [first] = errors;
  const mayHaveArrived = accepted.length > 0 || errors.some((error) => outcomeOf(error) === 'unknown');
  const retryable = errors.filter((error) => error.retryable);
  return new CompositeError(`${head} ${reasons}`, {
    backend,
    outcome: mayHaveArrived ? 'unknown' : 'rejected',
    retryable: retryable.length > 0,
    retryAfter: retryable.length > 0 ? Math.min(...retryable.map(retryAfterOf)) : 0,
    reason: sharedReason(errors),
    cause:
      errors.length === 1 ? first : new AggregateError(errors, `${errors.length} backends did not accept the message.`),
  });
}

/**
 * Makes the error for a backend that was left out.
 * @param waitMs time that it is left out from now on, in milliseconds
 */
export function leftOutError(backend: string, waitMs: number): PushError {
  return new CompositeError('It was not asked: its last requests failed, or it asked to wait.', {
    backend,
    outcome: 'rejected',
    retryable: true,
    retryAfter: waitMs,
    cause: undefined,
  });
}
