import { PushError, TimeoutError } from '../../core/errors.js';
import { cleaned, REDACTED, textOf } from '../../core/redaction.js';
import { DeliveryError } from '../../core/report.js';
import { answerError } from '../sdk/answer-error.js';
import { innermostReason, networkFailure } from '../sdk/network-failure.js';

/** A failed request. */
export interface RequestFailure {
  readonly error: unknown;
  readonly origin: string;
  /** The signal of the request, which may have ended it. */
  readonly signal: AbortSignal;
  /** The deadline in milliseconds, when the backend has set it. */
  readonly deadlineMs: number | undefined;
  readonly retryAfter: string | undefined;
  /** Removes the settings' secrets from a text. */
  readonly redact: (text: string) => string;
}

const backend = 'pusher';

/**
 * Makes a PushError from an error of the SDK. It keeps only words and codes, because `url` and message of the original
 * hold the key and the signature.
 */
export function requestFailure({ error, origin, signal, deadlineMs, retryAfter, redact }: RequestFailure): PushError {
  if (PushError.isPushError(error)) return cleaned(error, { redact });
  if (signal.aborted) {
    const limit = deadlineMs === undefined ? 'in time' : `within ${deadlineMs} ms`;
    return new TimeoutError(`Pusher did not answer ${limit}.`, { backend });
  }
  const clean = (text: string): string => withoutCredentials(redact(text));
  const answer = answerIn(error);
  if (answer !== undefined)
    return answerError({ backend, provider: 'Pusher', ...answer, reason: clean(answer.reason), retryAfter });
  const lost = networkFailure({ backend, provider: 'Pusher', origin, error, redact: clean });
  return (
    lost ??
    new DeliveryError(`The pusher package failed: ${clean(innermostReason(error) || textOf(error, { redact }))}`, {
      backend,
      outcome: 'unknown',
    })
  );
}

/** The answer in a `RequestError` of the SDK. */
function answerIn(error: unknown): { status: number; reason: string } | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error) || typeof error.status !== 'number')
    return undefined;
  return { status: error.status, reason: 'body' in error && typeof error.body === 'string' ? error.body : '' };
}

/**
 * Removes signatures (HMAC-SHA256 in hex), which the service quotes when it refuses them, and passwords in addresses of
 * proxies.
 */
export function withoutCredentials(text: string): string {
  return text
    .replaceAll(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/gi, REDACTED)
    .replaceAll(/(:\/\/)[^\s/?#@]*@/g, `$1${REDACTED}@`);
}
