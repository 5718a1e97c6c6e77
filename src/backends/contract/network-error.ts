/**
 * What an error of the network says of the request. `untrusted`: the server is the wrong one, or its certificate is
 * unknown, and a retry does not change that. `unreached`: the request did not reach the other side, so that a retry
 * cannot deliver twice. `lost`: the connection was lost on the way, and the message may have been delivered.
 */
type NetworkErrorKind = 'untrusted' | 'unreached' | 'lost';

/** An error of the network, as it was found within another error. */
export interface NetworkError {
  readonly kind: NetworkErrorKind;
  readonly code: string;
  /** The innermost message, without the address of the request. */
  readonly reason: string;
}

/** Codes of failures to connect. */
const unreached: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** Codes of failures in the middle of a request. */
const lost: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
]);
/**
 * Codes for a wrong server or an unknown certificate. A bad record is not among them, because it can come in the middle
 * of an answer.
 */
const untrusted =
  /^(?:EPROTO|ERR_SSL_(?!.*BAD_RECORD)|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/;
/** Messages of failures before anything was sent. Source: Node's `net` and `tls`, and the package `tunnel-agent`. */
const beforeRequest =
  /\b(?:connect|getaddrinfo) E[A-Z_]+|before secure TLS connection was established|^tunneling socket could not be established/;

/**
 * Finds an error of the network in an error and its causes, and tells what it says of the request. This is the one
 * place that decides it, for every backend.
 * @returns undefined for an error whose code is not known to come from the network
 */
export function networkErrorIn(error: unknown, depth = 0): NetworkError | undefined {
  if (typeof error !== 'object' || error === null || depth > 5) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const reason = code === undefined ? '' : innermostReason(error);
  const kind = code === undefined ? undefined : kindOf(code, reason);
  if (code !== undefined && kind !== undefined) return { kind, code, reason };
  return (
    ('error' in error ? networkErrorIn(error.error, depth + 1) : undefined) ??
    ('cause' in error ? networkErrorIn(error.cause, depth + 1) : undefined)
  );
}

function kindOf(code: string, reason: string): NetworkErrorKind | undefined {
  if (untrusted.test(code)) return 'untrusted';
  if (unreached.has(code) || beforeRequest.test(reason)) return 'unreached';
  return lost.has(code) ? 'lost' : undefined;
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
