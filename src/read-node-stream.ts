import { type BodyRules, CollectedBody } from './collected-body.js';

/** A stream of Node's, such as a request of `node:http`. */
export interface NodeStreamLike {
  on(event: string, listener: (value: unknown) => void): unknown;
  resume?(): unknown;
}

/**
 * Reads a stream to its end.
 * @throws the error of the rules for one that is too large, too late or broken
 */
export function readNodeStream(stream: NodeStreamLike, rules: BodyRules): Promise<Uint8Array> {
  const body = new CollectedBody(rules);
  const { timeoutMs, tooLate, broken } = rules;
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  let hasFailed = false;
  const timer = setTimeout(() => fail(tooLate(timeoutMs)), timeoutMs);
  const fail = (error: unknown): void => {
    hasFailed = true;
    clearTimeout(timer);
    reject(error);
  };
  // The listeners stay: what comes after a failure is read and dropped, so that the client gets to read the answer.
  stream.on('data', (chunk) => {
    if (hasFailed) return;
    try {
      body.add(chunk);
    } catch (error) {
      fail(error);
    }
  });
  stream.on('end', () => {
    clearTimeout(timer);
    resolve(body.joined());
  });
  stream.on('error', (error) => fail(broken(error)));
  stream.on('close', () => fail(broken()));
  // A listener for its data does not start a stream that was paused.
  stream.resume?.();
  return promise;
}
