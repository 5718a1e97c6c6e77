import { type DeliveryOutcome, outcomeOf, type PushError, retryAfterOf } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';

/** What one of the backends said. */
export interface Refusal {
  /** The backend's name, with its number where several have the same. */
  readonly label: string;
  readonly error: PushError;
}

/** A message that the backends within did not accept: what each of them said, in one error. */
class CompositeError extends DeliveryError {
  /** How long every backend that may be tried again asked to wait, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(
    message: string,
    options: { backend: string; outcome: DeliveryOutcome; retryable: boolean; cause: unknown; retryAfter: number },
  ) {
    super(message, options);
    this.name = 'DeliveryError';
    this.retryAfter = options.retryAfter > 0 ? options.retryAfter : undefined;
  }
}

/**
 * Makes one error of several. It may be tried again when one of them may. Its outcome is unknown when that of one is, and when one
 * accepted the message: of a message that is `rejected` it is known that nobody has got it.
 * @param accepted labels of the backends that did accept the message
 */
export function compositeError(
  backend: string,
  refusals: readonly Refusal[],
  accepted: readonly string[] = [],
): PushError {
  const said = refusals.map(({ label, error }) => `${label}: ${error.message}`).join(' ');
  const head =
    accepted.length === 0
      ? `No backend of ${backend} accepted the message.`
      : `The message was accepted by ${accepted.join(', ')}, but not by all of ${backend}.`;
  const errors = refusals.map(({ error }) => error);
  const [first] = errors;
  const mayHaveArrived = accepted.length > 0 || errors.some((error) => outcomeOf(error) === 'unknown');
  const again = errors.filter((error) => error.retryable);
  return new CompositeError(`${head} ${said}`, {
    backend,
    outcome: mayHaveArrived ? 'unknown' : 'rejected',
    retryable: again.length > 0,
    retryAfter: again.length > 0 ? Math.min(...again.map(retryAfterOf)) : 0,
    cause:
      errors.length === 1 ? first : new AggregateError(errors, `${errors.length} backends did not accept the message.`),
  });
}

/** Why a backend that was left out accepted nothing. @param waitMs how long it is left out, in milliseconds */
export function leftOutError(backend: string, waitMs: number): PushError {
  return new CompositeError('It is left out for a while, because its last requests failed or it asked to wait.', {
    backend,
    outcome: 'rejected',
    retryable: true,
    retryAfter: waitMs,
    cause: undefined,
  });
}
