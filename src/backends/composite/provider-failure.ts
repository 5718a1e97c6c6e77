import { outcomeOf, PushError, type PushErrorCode } from '../../errors.js';

/** Kinds of errors that any other message would have got as well. */
const providersOwn: ReadonlySet<PushErrorCode> = new Set(['AUTHENTICATION', 'CONFIGURATION', 'RATE_LIMIT', 'TIMEOUT']);

/** Whether a failure speaks of the provider (not reached, too slow, broken, closed to us) rather than of the message. */
export function isProviderFailure(error: PushError): boolean {
  if (providersOwn.has(error.code)) return true;
  if (error.status !== undefined) return error.status >= 500 || error.status === 408 || error.status === 429;
  if (error.retryable) return true;
  const errors = error.cause instanceof AggregateError ? error.cause.errors : [error.cause];
  // A composite's own says nothing but what those of its backends say.
  const within = errors.filter(PushError.isPushError);
  return outcomeOf(error) === 'unknown' && (within.length === 0 || within.some(isProviderFailure));
}
