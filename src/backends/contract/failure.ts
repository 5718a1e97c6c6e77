import { ConfigurationError, PushError, ValidationError } from '../../core/errors.js';
import { causeOf, cleaned, textOf } from '../../core/redaction.js';
import { DeliveryError } from '../../core/report.js';
import type { AnyBackend } from './wrapper.js';

/** Codes of network errors after which the request did not reach the other side: a retry cannot deliver twice. */
export const neverReached: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** Codes of network errors after which the message may have been delivered: the connection was lost on the way. */
const lostUnderway = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
]);

/**
 * Makes a `PushError` of whatever a backend threw. A network error is retryable. Anything else that the backend did not
 * classify itself is final, and its outcome is unknown.
 */
export function asPushError(error: unknown, backend: AnyBackend): PushError {
  if (PushError.isPushError(error)) return cleaned(error, backend);
  const code = networkCode(error);
  const isUnreached = code !== undefined && neverReached.has(code);
  return new DeliveryError(`The ${backend.name} backend failed: ${textOf(error, backend)}`, {
    backend: backend.name,
    cause: causeOf(error, backend),
    outcome: isUnreached ? 'rejected' : 'unknown',
    retryable: isUnreached || (code !== undefined && lostUnderway.has(code)),
  });
}

/**
 * Makes `PushError`s as `asPushError` does, once for each error: looking through an error for secrets takes a while,
 * and one error may stand for 100 000 channels.
 */
export function rememberedPushErrors(backend: AnyBackend): (error: unknown) => PushError {
  const known = new WeakMap<object, PushError>();
  return (error) => {
    if (typeof error !== 'object' || error === null) return asPushError(error, backend);
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
    retryable: networkCode(error) !== undefined,
  });
}

/**
 * Makes the error for users whose sessions could not be looked up.
 * @param outcome the consequence, in words
 */
export function lookUpError(error: unknown, backend: AnyBackend, outcome = 'Nothing was sent'): PushError {
  if (PushError.isPushError(error)) return cleaned(error, backend);
  return new DeliveryError(
    `${outcome}, because the users' sessions could not be looked up: ${textOf(error, backend)}`,
    {
      cause: causeOf(error, backend),
      outcome: 'rejected',
      retryable: networkCode(error) !== undefined,
    },
  );
}

/** The first network error code in the chain of causes. */
function networkCode(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > 5) return undefined;
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'string' && (neverReached.has(code) || lostUnderway.has(code))) return code;
  return networkCode(error.cause, depth + 1);
}
