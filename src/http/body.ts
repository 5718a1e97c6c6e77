import { httpBodyRules } from '../http-body-rules.js';
import { HttpError } from '../http-error.js';
import { readWebStream } from '../read-web-stream.js';

/** A socket id and 100 channels of 164 characters, percent-encoded, with room for what the application adds. */
const MAX_BYTES = 65_536;
/** How long it may take to arrive, in milliseconds. */
const TIMEOUT_MS = 10_000;

const rules = httpBodyRules(MAX_BYTES, TIMEOUT_MS);

/**
 * Reads a request's body.
 * @throws HttpError 413 as soon as it is known to be too large, 408 when it does not arrive in time, 400 when it breaks off
 */
export async function readBody(request: Request): Promise<string> {
  if (request.bodyUsed) throw new HttpError(400, 'The body was read before the push handler got it.');
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BYTES) throw rules.tooLarge(MAX_BYTES);
  return request.body === null ? '' : new TextDecoder().decode(await readWebStream(request.body, rules));
}
