import type { BodyRules } from './body.js';

/** An answer that is not 200; its message is the answer's body. */
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
 * How the body of a request that is answered here is bounded: 413 when it is too large, 408 when it is late, 400 when
 * it breaks off.
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
