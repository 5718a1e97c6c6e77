import { HttpError } from '../http-error.js';

/** A form of a client: a socket id and up to 100 channels of 164 characters, percent-encoded, with room for the application's own. */
const MAX_BODY_BYTES = 65_536;
/** How long a body may take to arrive, in milliseconds. */
const BODY_TIMEOUT_MS = 10_000;

/**
 * Reads a request's body.
 * @throws HttpError 413 as soon as it is known to be too large, 408 when it does not arrive in time, 400 when it breaks off
 */
export async function readBody(request: Request): Promise<string> {
  if (request.bodyUsed) throw new HttpError(400, 'The body was read before the push handler got it.');
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const reader = request.body?.getReader();
  if (reader === undefined) return '';
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new HttpError(408, `The body did not arrive within ${BODY_TIMEOUT_MS} ms.`, { Connection: 'close' })),
    BODY_TIMEOUT_MS,
  );
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) return Buffer.concat(chunks).toString();
      bytes += value.length;
      if (bytes > MAX_BODY_BYTES) throw tooLarge();
      chunks.push(value);
    }
  } catch (error) {
    // Not waited for: what is still under way may never come.
    reader.cancel().catch(() => {});
    throw error instanceof HttpError ? error : new HttpError(400, 'The body ended too early.');
  } finally {
    clearTimeout(timer);
  }
}

function tooLarge(): HttpError {
  return new HttpError(413, `The body is over ${MAX_BODY_BYTES} bytes.`);
}
