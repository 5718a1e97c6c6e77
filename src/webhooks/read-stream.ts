import { PushError } from '../errors.js';
import { BODY_TIMEOUT_MS, bodyCutShort, bodyTooLate, CollectedBody } from './collected-body.js';
import type { ByteStream, NodeRequestLike } from './webhook-source.js';

/**
 * Reads a web stream to its end.
 * @throws ValidationError when it is too large or cut short; TimeoutError when it takes too long
 */
export async function readWebStream(stream: ByteStream): Promise<Uint8Array> {
  const body = new CollectedBody();
  const reader = stream.getReader();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(bodyTooLate()), BODY_TIMEOUT_MS);
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late.promise]);
      if (done) return body.joined();
      body.add(value);
    }
  } catch (error) {
    // Not waiting for its end, which a stream that stalls may never say.
    reader.cancel().catch(() => {});
    throw PushError.isPushError(error) ? error : bodyCutShort(error);
  } finally {
    clearTimeout(timer);
  }
}

/** As {@link readWebStream}, for a request of `node:http`. */
export function readNodeStream(request: NodeRequestLike): Promise<Uint8Array> {
  const body = new CollectedBody();
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const timer = setTimeout(() => fail(bodyTooLate()), BODY_TIMEOUT_MS);
  const fail = (error: unknown): void => {
    clearTimeout(timer);
    reject(error);
  };
  // The listeners stay: what comes after a failure is read and dropped, so that the client gets to read the answer.
  request.on('data', (chunk) => {
    try {
      body.add(chunk);
    } catch (error) {
      fail(error);
    }
  });
  request.on('end', () => {
    clearTimeout(timer);
    resolve(body.joined());
  });
  request.on('error', (error) => fail(bodyCutShort(error)));
  request.on('close', () => fail(bodyCutShort()));
  return promise;
}
