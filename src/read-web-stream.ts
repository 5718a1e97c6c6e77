import { type BodyRules, CollectedBody } from './collected-body.js';

/** A stream of bytes that is read bit by bit, such as a web `ReadableStream`. */
export interface ByteStream {
  readonly locked: boolean;
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: unknown }>;
    cancel(): Promise<void>;
  };
}

/**
 * Reads a stream to its end.
 * @throws the error of the rules for one that is too large, too late or broken
 */
export async function readWebStream(stream: ByteStream, rules: BodyRules): Promise<Uint8Array> {
  const body = new CollectedBody(rules);
  const reader = stream.getReader();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(rules.tooLate(rules.timeoutMs)), rules.timeoutMs);
  try {
    for (;;) {
      const { done, value } = await Promise.race([nextOf(reader, rules), late.promise]);
      if (done) return body.joined();
      body.add(value);
    }
  } catch (error) {
    // Not waiting for its end, which a stream that stalls may never say.
    reader.cancel().catch(() => {});
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function nextOf(reader: ReturnType<ByteStream['getReader']>, rules: BodyRules): ReturnType<typeof reader.read> {
  try {
    return await reader.read();
  } catch (cause) {
    throw rules.broken(cause);
  }
}
