import { AuthenticationError, type PushError } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';
import { innermostReason, networkErrorIn } from '../contract/network-error.js';
import { REFUSED_BY_PROXY } from './answer-error.js';
import type { ProviderProxy } from './provider-proxy.js';

/** A request that got no answer, or only a part of one. */
export interface FailedRequest {
  /** The backend's name. */
  readonly backend: string;
  /** The provider's name, such as `Pusher`, or `The server`. It begins the error's message. */
  readonly provider: string;
  /** Scheme, host and port, such as `https://api.pusherapp.com`. */
  readonly origin: string;
  /** The proxy on the way. */
  readonly proxy?: ProviderProxy | undefined;
  /** The error that the SDK or `fetch` threw. */
  readonly error: unknown;
  /** Removes secrets from a text. */
  readonly redact: (text: string) => string;
}

/** The system's call that failed, and its code. */
const failedCall = /\b(?:connect|getaddrinfo) (E[A-Z]+)\b/;

/** The status of a proxy that makes no tunnel, in the words of Node, of `tunnel-agent` and of undici. */
const tunnelRefused =
  /^(?:Failed to establish tunnel to \S+ via \S+: HTTP\/1\.\d |tunneling socket could not be established, statusCode=|Proxy response \()(\d{3})/;

/** Codes of Node's checks of its own arguments. */
const misuse = /^ERR_(?:INVALID_|UNESCAPED_|HTTP_INVALID_)/;

/**
 * Makes an error from a network failure; undefined when the original has no error code of the network. It keeps only
 * the code and the words of the original, because SDKs put the request with its keys and signature into their errors.
 */
export function networkFailure(failed: FailedRequest): PushError | undefined {
  const { backend, provider, origin, proxy, error, redact } = failed;
  const found = networkErrorIn(error);
  const given = found?.code ?? codeOf(error);
  if (given === undefined || misuse.test(given)) return undefined;
  const reason = found?.reason ?? innermostReason(error);
  // `tunnel-agent` gives every failure of a proxy the same code.
  const code = failedCall.exec(reason)?.[1] ?? given;
  const cause = Object.assign(new Error(redact(reason)), { code });
  const status = Number(tunnelRefused.exec(reason)?.[1] ?? 0);
  if (status > 0) return refusedTunnel(failed, status, cause);
  const kind = found?.kind ?? 'lost';
  if (kind === 'untrusted') {
    return new DeliveryError(
      `${provider} at ${origin} is not trusted (${code}): check the host, the port and "useSsl", and make sure that Node knows its certificate authority.`,
      { backend, cause, outcome: 'rejected' },
    );
  }
  const isUnreached = kind === 'unreached';
  if (isUnreached && proxy !== undefined) {
    return new DeliveryError(
      `${provider} at ${origin} cannot be reached through the proxy ${proxy.origin}: ${code}. Check ${proxy.setBy}.`,
      { backend, cause, retryable: true, outcome: 'rejected' },
    );
  }
  return new DeliveryError(
    isUnreached
      ? `${provider} at ${origin} cannot be reached: ${code}.${code === 'ENOTFOUND' ? ' Check the host, or the cluster, in the options.' : ''}`
      : `The connection to ${provider.replace(/^The /, 'the ')} at ${origin} was lost (${code}); the message may have been delivered.`,
    { backend, cause, retryable: true, outcome: isUnreached ? 'rejected' : 'unknown' },
  );
}

/** A proxy has not made the tunnel, so nothing was sent. */
function refusedTunnel({ backend, provider, origin, proxy }: FailedRequest, status: number, cause: Error): PushError {
  if (status === 407) return new AuthenticationError(`${provider}: ${REFUSED_BY_PROXY}.`, { backend, status, cause });
  const where = proxy === undefined ? 'The proxy' : `The proxy ${proxy.origin}`;
  return new DeliveryError(`${where} answered ${status} to the request for a tunnel to ${provider} at ${origin}.`, {
    backend,
    status,
    cause,
    retryable: status >= 500 || status === 429,
    outcome: 'rejected',
  });
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
