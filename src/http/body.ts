import type { BodyRules } from '../collected-body.js';
import { HttpError } from '../http-error.js';
import { readWebStream } from '../read-web-stream.js';

const rules: BodyRules = {
  // A socket id and 100 channels of 164 characters, percent-encoded, with room for what the application adds.
  maxBytes: 65_536,
  timeoutMs: 10_000,
  tooLarge: (maxBytes) => new HttpError(413, `The body is over ${maxBytes} bytes.`),
  tooLate: (timeoutMs) =>
    new HttpError(408, `The body did not arrive within ${timeoutMs} ms.`, { Connection: 'close' }),
  broken: () => new HttpError(400, 'The body ended too early.'),
};

/**
 * Reads a request's body.
 * @throws HttpError 413 as soon as it is known to be too large, 408 when it does not arrive in time, 400 when it breaks off
 */
export async function readBody(request: Request): Promise<string> {
  if (request.bodyUsed) throw new HttpError(400, 'The body was read before the push handler got it.');
  if (Number(request.headers.get('content-length') ?? 0) > rules.maxBytes) throw rules.tooLarge(rules.maxBytes);
  return request.body === null ? '' : new TextDecoder().decode(await readWebStream(request.body, rules));
}
