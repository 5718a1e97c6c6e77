import { AuthenticationError, PushError, RateLimitError, TimeoutError } from '../../core/errors.js';
import { cleaned, REDACTED, textOf } from '../../core/redaction.js';
import { DeliveryError } from '../../core/report.js';
import { innermostReason } from '../contract/network-error.js';
import { answerError, type FailedAnswer } from '../sdk/answer-error.js';
import { networkFailure } from '../sdk/network-failure.js';
import type { ProviderProxy } from '../sdk/provider-proxy.js';

/** A failed request. */
export interface RequestFailure {
  readonly error: unknown;
  readonly origin: string;
  /** The proxy on the way. */
  readonly proxy: ProviderProxy | undefined;
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
export function requestFailure(failed: RequestFailure): PushError {
  const { error, origin, proxy, signal, deadlineMs, retryAfter, redact } = failed;
  if (PushError.isPushError(error)) return cleaned(error, { redact });
  if (signal.aborted) {
    const limit = deadlineMs === undefined ? 'in time' : `within ${deadlineMs} ms`;
    return new TimeoutError(`Pusher did not answer ${limit}.`, { backend });
  }
  const clean = (text: string): string => withoutCredentials(redact(text));
  const answer = answerIn(error);
  if (answer !== undefined) return refusal({ ...answer, reason: clean(answer.reason), retryAfter });
  const lost = networkFailure({ backend, provider: 'Pusher', origin, proxy, error, redact: clean });
  return (
    lost ??
    new DeliveryError(`The pusher package failed: ${clean(innermostReason(error) || textOf(error, { redact }))}`, {
      backend,
      outcome: 'unknown',
    })
  );
}

/**
 * Makes an error from an answer that is not a success. An unknown key is a 400, also for a key of another cluster, and
 * a 403 that names the quota is no matter of credentials: the next attempt would fail, too, until the quota is renewed.
 * Source: https://pusher.com/docs/channels/library_auth_reference/rest-api/, for 403; reports of users for the texts
 * `Unknown auth_key` and `message quota exceeded`
 */
export function refusal(answer: Pick<FailedAnswer, 'status' | 'reason' | 'retryAfter'>): PushError {
  const { status, reason } = answer;
  const error = answerError({ backend, provider: 'Pusher', ...answer });
  if (status === 400 && /\bauth_key\b/i.test(reason))
    return new AuthenticationError(`${error.message} (check the credentials in PUSH_SERVER and the option "cluster")`, {
      backend,
      status,
    });
  if (status === 403 && /\bquota\b/i.test(reason))
    return new RateLimitError(
      `${error.message} (the application has used up its quota: see its limits in the dashboard)`,
      {
        backend,
        status,
        retryable: false,
      },
    );
  return error;
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
