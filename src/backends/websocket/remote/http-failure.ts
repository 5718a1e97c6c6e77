import { DeliveryError } from '../../../delivery-error.js';
import { AuthenticationError, ConfigurationError, type PushError, RateLimitError } from '../../../errors.js';

const backend = 'websocket';

/** The network errors that mean that the server was never reached. */
const unreached = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Makes an answer that is not 200 into an error. */
export function answerError(status: number, text: string, retryAfter: string | null): PushError {
  const message = `The server answered ${status}: ${text.slice(0, 500) || 'nothing'}`;
  const options = { backend, status };
  if (status === 401 || status === 403) return new AuthenticationError(message, options);
  if (status === 429) {
    const seconds = Number(retryAfter ?? Number.NaN);
    return new RateLimitError(message, { ...options, ...(Number.isFinite(seconds) && { retryAfter: seconds * 1000 }) });
  }
  // A server that is closing or behind a gateway that cannot reach it has done nothing yet.
  if (status >= 500)
    return new DeliveryError(message, {
      ...options,
      retryable: true,
      outcome: status === 503 ? 'rejected' : 'unknown',
    });
  return new DeliveryError(message, { ...options, outcome: 'rejected' });
}

/** Makes a failed request into an error; an aborted one stays the abort that it is. */
export function networkError(error: unknown, address: string): unknown {
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (cause instanceof Error && cause.message === 'bad port') {
    return new ConfigurationError(
      `The port of ${address} is one that browsers and fetch refuse to use: choose another.`,
      { backend, cause },
    );
  }
  const isUnreached = unreached.has(code);
  const reason = code || (cause instanceof Error ? cause.message : String(cause));
  return new DeliveryError(
    `The server at ${address} ${isUnreached ? 'cannot be reached' : 'did not answer'}: ${reason}.`,
    {
      backend,
      retryable: true,
      outcome: isUnreached ? 'rejected' : 'unknown',
      cause,
    },
  );
}

/** An answer that is not of the form that the API promises. */
export function unreadableAnswer(): PushError {
  return new DeliveryError('The server answered something that is not JSON: is it a Channels server?', {
    backend,
    outcome: 'unknown',
  });
}
