import type { PushError } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';
import { neverReached } from '../contract/failure.js';

/** A request without an answer, or with half of one. */
export interface FailedRequest {
  /** The backend's name. */
  readonly backend: string;
  /** Who was asked, at the beginning of a sentence: `Pusher`. */
  readonly provider: string;
  /** As in `https://api.pusherapp.com`. */
  readonly origin: string;
  /** What the SDK threw. */
  readonly error: unknown;
  /** Takes secrets out of a text. */
  readonly redact: (text: string) => string;
}

/**
 * Another server than the one that was meant, or one whose certificate is unknown: trying again changes nothing. A bad record may come
 * in the middle of the answer.
 */
const untrusted =
  /^(?:EPROTO|ERR_SSL_(?!.*BAD_RECORD)|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/;
/** Of Node's own checks of its arguments. */
const misuse = /^ERR_(?:INVALID_|UNESCAPED_|HTTP_INVALID_)/;
/** Failed before anything was sent, whatever the code. Source: the messages of Node's `net` and `tls`, and of the package `tunnel-agent`. */
const beforeRequest =
  /\b(?:connect|getaddrinfo) E[A-Z_]+|before secure TLS connection was established|^tunneling socket could not be established/;

/**
 * Makes a failure of the network into an error, or returns undefined when there is no network's error code in it. Of the original
 * only code and words are kept: SDKs put the request into their errors, with keys and signature.
 */
export function networkFailure({ backend, provider, origin, error, redact }: FailedRequest): PushError | undefined {
  const code = codeOf(error);
  if (code === undefined || misuse.test(code)) return undefined;
  const text = innermostReason(error);
  const cause = Object.assign(new Error(redact(text)), { code });
  if (untrusted.test(code)) {
    return new DeliveryError(
      `${provider} at ${origin} is not trusted (${code}): check host, port and "useSsl", and that its certificate authority is known to Node.`,
      { backend, cause, outcome: 'rejected' },
    );
  }
  const isUnreached = neverReached.has(code) || beforeRequest.test(text);
  return new DeliveryError(
    isUnreached
      ? `${provider} at ${origin} cannot be reached: ${code}.${code === 'ENOTFOUND' ? ' Check the host, or the cluster, in the options.' : ''}`
      : `The connection to ${provider} at ${origin} was lost (${code}); the message may have been delivered all the same.`,
    { backend, cause, retryable: true, outcome: isUnreached ? 'rejected' : 'unknown' },
  );
}

/** The first error code in an error and what it was made of. */
function codeOf(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > 5) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return (
    ('error' in error ? codeOf(error.error, depth + 1) : undefined) ??
    ('cause' in error ? codeOf(error.cause, depth + 1) : undefined)
  );
}

/** What the innermost error says, without the address of the request, which SDKs write before it. */
export function innermostReason(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null || depth > 5) return '';
  const inner =
    ('error' in error && innermostReason(error.error, depth + 1)) ||
    ('cause' in error && innermostReason(error.cause, depth + 1));
  return inner || ('message' in error ? reasonOf(String(error.message)) : '');
}

/** SDKs write the request's address before the reason. */
function reasonOf(text: string): string {
  return /^(?:request to |Invalid response body while trying to fetch )/.test(text)
    ? text.replace(/^.*?(?:, reason: |: (?=[^/]))/s, '')
    : text;
}
