import type { BodyRules } from './collected-body.js';
import { HttpError } from './http-error.js';

/** How the body of a request that is answered here is bounded: 413 when it is too large, 408 when it is late, 400 when it breaks off. */
export function httpBodyRules(maxBytes: number, timeoutMs: number): BodyRules {
  return {
    maxBytes,
    timeoutMs,
    tooLarge: () => new HttpError(413, `The body is over ${maxBytes} bytes.`),
    tooLate: () => new HttpError(408, `The body did not arrive within ${timeoutMs} ms.`, { Connection: 'close' }),
    broken: () => new HttpError(400, 'The body ended too early.'),
  };
}
