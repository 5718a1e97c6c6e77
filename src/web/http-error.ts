import type { BodyRules } from './body.js';

/** An error that becomes an HTTP answer: its message is the body. */
export class HttpError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * The limits of a request's body. It is answered with 413 when it is too large, 408 when it takes too long, 400 when it
 * breaks off.
 */
export function httpBodyRules(maxBytes: number, timeoutMs: number): BodyRules {
  return {
    maxBytes,
    timeoutMs,
    tooLarge: () => new HttpError(413, `The body is over ${maxBytes} bytes.`),
    tooLate: () => new HttpError(408, `The body did not arrive within ${timeoutMs} ms.`, { Connection: 'close' }),
    broken: () => new HttpError(400, 'The body ended too early.'),
  };
}
