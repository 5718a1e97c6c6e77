import { CollectedBody } from '../collected-body.js';
import { bodyRules } from './body-rules.js';
import type { NodeRequestLike } from './webhook-source.js';

/**
 * Reads the body of a request of `node:http` to its end.
 * @throws ValidationError when it is too large or cut short; TimeoutError when it takes too long
 */
export function readNodeStream(request: NodeRequestLike): Promise<Uint8Array> {
  const body = new CollectedBody(bodyRules);
  const { timeoutMs, tooLate, broken } = bodyRules;
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const timer = setTimeout(() => fail(tooLate(timeoutMs)), timeoutMs);
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
  request.on('error', (error) => fail(broken(error)));
  request.on('close', () => fail(broken()));
  // A listener for its data does not start a stream that was paused.
  request.resume?.();
  return promise;
}
