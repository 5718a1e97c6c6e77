import { PushError, TimeoutError } from '../../core/errors.js';
import { cleaned, REDACTED, textOf } from '../../core/redaction.js';
import { DeliveryError } from '../../core/report.js';
import { answerError } from '../sdk/answer-error.js';
import { innermostReason, networkFailure } from '../sdk/network-failure.js';

/** What is known of a request that failed. */
export interface RequestFailure {
  readonly error: unknown;
  readonly origin: string;
  /** Its signal, which may have ended it. */
  readonly signal: AbortSignal;
  /** What the deadline was, in milliseconds, where the backend set it. */
  readonly deadlineMs: number | undefined;
  readonly retryAfter: string | undefined;
  /** Takes the settings' secrets out of a text. */
  readonly redact: (text: string) => string;
}

const backend = 'pusher';

/**
 * Makes what the SDK threw into an error of ours. Nothing of the original is passed on but words and codes: its `url` and its message
 * hold key and signature.
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

/** The answer that a `RequestError` was made for. */
function answerIn(error: unknown): { status: number; reason: string } | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error) || typeof error.status !== 'number')
    return undefined;
  return { status: error.status, reason: 'body' in error && typeof error.body === 'string' ? error.body : '' };
}

/** The service quotes the signature that it refuses, HMAC-SHA256 in hex; agents may quote a proxy's address with its password. */
export function withoutCredentials(text: string): string {
  return text
    .replaceAll(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/gi, REDACTED)
    .replaceAll(/(:\/\/)[^\s/?#@]*@/g, `$1${REDACTED}@`);
}
