import type { PushError } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';
import { innermostReason, networkErrorIn } from '../contract/network-error.js';

/** A request that got no answer, or only a part of one. */
export interface FailedRequest {
  /** The backend's name. */
  readonly backend: string;
  /** The provider's name, such as `Pusher`, or `The server`. It begins the error's message. */
  readonly provider: string;
  /** Scheme, host and port, such as `https://api.pusherapp.com`. */
  readonly origin: string;
  /** The error that the SDK or `fetch` threw. */
  readonly error: unknown;
  /** Removes secrets from a text. */
  readonly redact: (text: string) => string;
}

/** Codes of Node's checks of its own arguments. */
const misuse = /^ERR_(?:INVALID_|UNESCAPED_|HTTP_INVALID_)/;

/**
 * Makes an error from a network failure; undefined when the original has no error code of the network. It keeps only
 * the code and the words of the original, because SDKs put the request with its keys and signature into their errors.
 */
export function networkFailure({ backend, provider, origin, error, redact }: FailedRequest): PushError | undefined {
  const found = networkErrorIn(error);
  const code = found?.code ?? codeOf(error);
  if (code === undefined || misuse.test(code)) return undefined;
  const reason = found?.reason ?? innermostReason(error);
  const cause = Object.assign(new Error(redact(reason)), { code });
  const kind = found?.kind ?? 'lost';
  if (kind === 'untrusted') {
    return new DeliveryError(
      `${provider} at ${origin} is not trusted (${code}): check the host, the port and "useSsl", and make sure that Node knows its certificate authority.`,
      { backend, cause, outcome: 'rejected' },
    );
  }
  const isUnreached = kind === 'unreached';
  return new DeliveryError(
    isUnreached
      ? `${provider} at ${origin} cannot be reached: ${code}.${code === 'ENOTFOUND' ? ' Check the host, or the cluster, in the options.' : ''}`
      : `The connection to ${provider.replace(/^The /, 'the ')} at ${origin} was lost (${code}); the message may have been delivered.`,
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
