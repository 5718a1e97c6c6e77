import { DeliveryError } from '../../../delivery-error.js';
import { ConfigurationError, type PushError } from '../../../errors.js';
import { neverReached } from '../../failure.js';

const backend = 'websocket';

/**
 * Makes a failed request into an error; an aborted one stays the abort that it is. Of the original only name, code and message are
 * kept: it may hold the request's address, with its signature.
 * @param redact takes the signature out of a text
 */
export function networkError(error: unknown, address: string, redact: (text: string) => string): unknown {
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) return error;
  const cause = bareError(error instanceof Error && error.cause instanceof Error ? error.cause : error, redact);
  if (cause.message === 'bad port') {
    return new ConfigurationError(
      `The port of ${address} is one that browsers and fetch refuse to use: choose another.`,
      { backend, cause },
    );
  }
  const isUnreached = neverReached.has(cause.code ?? '');
  return new DeliveryError(
    `The server at ${address} ${isUnreached ? 'cannot be reached' : 'did not answer'}: ${cause.code ?? cause.message}.`,
    {
      backend,
      retryable: true,
      outcome: isUnreached ? 'rejected' : 'unknown',
      cause,
    },
  );
}

function bareError(error: unknown, redact: (text: string) => string): NodeJS.ErrnoException {
  if (!(error instanceof Error)) return new Error(redact(String(error)));
  const bare = Object.assign(new Error(redact(error.message)), { name: redact(error.name) });
  return 'code' in error && typeof error.code === 'string' ? Object.assign(bare, { code: redact(error.code) }) : bare;
}

/** An answer that is not of the form that the API promises. */
export function unreadableAnswer(): PushError {
  return new DeliveryError('The server answered something that is not JSON: is it a Channels server?', {
    backend,
    outcome: 'unknown',
  });
}
