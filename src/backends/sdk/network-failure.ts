import type { PushError } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';
import { neverReached } from '../contract/failure.js';

/** A request that got no answer, or only a part of one. */
export interface FailedRequest {
  /** The backend's name. */
  readonly backend: string;
  /** The provider's name, such as `Pusher`. It begins the error's message. */
  readonly provider: string;
  /** Scheme, host and port, such as `https://api.pusherapp.com`. */
  readonly origin: string;
  /** The error that the SDK threw. */
  readonly error: unknown;
  /** Removes secrets from a text. */
  readonly redact: (text: string) => string;
}

/**
 * Codes for a wrong server or an unknown certificate, which a retry does not change. A bad record is not among them,
 * because it can come in the middle of an answer.
 */
const untrusted =
  /^(?:EPROTO|ERR_SSL_(?!.*BAD_RECORD)|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/;
/** Codes of Node's checks of its own arguments. */
const misuse = /^ERR_(?:INVALID_|UNESCAPED_|HTTP_INVALID_)/;
/** Messages of failures before anything was sent. Source: Node's `net` and `tls`, and the package `tunnel-agent`. */
const beforeRequest =
  /\b(?:connect|getaddrinfo) E[A-Z_]+|before secure TLS connection was established|^tunneling socket could not be established/;

/**
 * Makes an error from a network failure; undefined when the original has no error code of the network. It keeps only
 * the code and the words of the original, because SDKs put the request with its keys and signature into their errors.
 */
export function networkFailure({ backend, provider, origin, error, redact }: FailedRequest): PushError | undefined {
  const code = codeOf(error);
  if (code === undefined || misuse.test(code)) return undefined;
  const text = innermostReason(error);
  const cause = Object.assign(new Error(redact(text)), { code });
  if (untrusted.test(code)) {
    return new DeliveryError(
      `${provider} at ${origin} is not trusted (${code}): check the host, the port and "useSsl", and make sure that Node knows its certificate authority.`,
      { backend, cause, outcome: 'rejected' },
    );
  }
  const isUnreached = neverReached.has(code) || beforeRequest.test(text);
  return new DeliveryError(
    isUnreached
      ? `${provider} at ${origin} cannot be reached: ${code}.${code === 'ENOTFOUND' ? ' Check the host, or the cluster, in the options.' : ''}`
      : `The connection to ${provider} at ${origin} was lost (${code}); the message may have been delivered.`,
    { backend, cause, retryable: true, outcome: isUnreached ? 'rejected' : 'unknown' },
  );
}

/** The first error code in an error and its causes. */
function codeOf(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > 5) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return (
    ('error' in error ? codeOf(error.error, depth + 1) : undefined) ??
    ('cause' in error ? codeOf(error.cause, depth + 1) : undefined)
  );
}

/** The message of the innermost error, without the address of the request that SDKs write before it. */
export function innermostReason(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null || depth > 5) return '';
  const inner =
    ('error' in error && innermostReason(error.error, depth + 1)) ||
    ('cause' in error && innermostReason(error.cause, depth + 1));
  return inner || ('message' in error ? reasonOf(String(error.message)) : '');
}

/** Removes the request's address, which SDKs write before the reason. */
function reasonOf(text: string): string {
  return /^(?:request to |Invalid response body while trying to fetch )/.test(text)
    ? text.replace(/^.*?(?:, reason: |: (?=[^/]))/s, '')
    : text;
}
