import { ConfigurationError, PushError, ValidationError } from '../../core/errors.js';
import { causeOf, cleaned, textOf } from '../../core/redaction.js';
import { DeliveryError } from '../../core/report.js';
import { networkErrorIn } from './network-error.js';
import type { AnyBackend } from './wrapper.js';

/**
 * Makes a `PushError` of whatever a backend threw. A network error is retryable, unless the server cannot be trusted.
 * Anything else that the backend did not classify itself is final, and its outcome is unknown.
 */
export function asPushError(error: unknown, backend: AnyBackend): PushError {
  if (PushError.isPushError(error)) return cleaned(error, backend);
  const kind = networkErrorIn(error)?.kind;
  return new DeliveryError(`The ${backend.name} backend failed: ${textOf(error, backend)}`, {
    backend: backend.name,
    cause: causeOf(error, backend),
    outcome: kind === 'untrusted' || kind === 'unreached' ? 'rejected' : 'unknown',
    retryable: mayPass(error),
  });
}

/**
 * Makes `PushError`s as `asPushError` does, once for each error: looking through an error for secrets takes a while,
 * and one error may stand for 100 000 channels.
 */
export function rememberedPushErrors(backend: AnyBackend): (error: unknown) => PushError {
  let known: WeakMap<object, PushError> | undefined;
  return (error) => {
    if (typeof error !== 'object' || error === null) return asPushError(error, backend);
    known ??= new WeakMap();
    const before = known.get(error);
    if (before !== undefined) return before;
    const found = asPushError(error, backend);
    known.set(error, found).set(found, found);
    return found;
  };
}

/** Makes the error for a backend that could not be opened. */
export function openingError(error: unknown, backend: AnyBackend): PushError {
  if (PushError.isPushError(error)) return cleaned(error, backend);
  const { name } = backend;
  return new ConfigurationError(`The ${name} backend could not be opened: ${textOf(error, backend)}`, {
    backend: name,
    cause: causeOf(error, backend),
  });
}

/** Makes the error for a webhook that could not be read. */
export function webhookError(error: unknown, backend: AnyBackend): PushError {
  if (PushError.isPushError(error)) return cleaned(error, backend);
  const { name } = backend;
  return new ValidationError(`The ${name} backend could not read the webhook: ${textOf(error, backend)}`, {
    backend: name,
    cause: causeOf(error, backend),
    retryable: mayPass(error),
  });
}

/**
 * Makes the error for users whose sessions could not be looked up.
 * @param outcome the consequence, in words
 * @param isRetryable whether it may be tried again after an error of which nobody knows whether it passes
 */
export function lookUpError(
  error: unknown,
  backend: AnyBackend,
  outcome = 'Nothing was sent',
  isRetryable = false,
): PushError {
  if (PushError.isPushError(error)) return cleaned(error, backend);
  return new DeliveryError(
    `${outcome}, because the users' sessions could not be looked up: ${textOf(error, backend)}`,
    {
      cause: causeOf(error, backend),
      outcome: 'rejected',
      retryable: isRetryable || mayPass(error),
    },
  );
}

/** Whether an error is one of the network that may be gone when the same is tried again. */
function mayPass(error: unknown): boolean {
  const kind = networkErrorIn(error)?.kind;
  return kind === 'unreached' || kind === 'lost';
}
