/** How a body is bounded, and the errors of one that is not as it must be. */
export interface BodyRules {
  readonly maxBytes: number;
  /** How long it may take to arrive, in milliseconds. */
  readonly timeoutMs: number;
  tooLarge(maxBytes: number): Error;
  tooLate(timeoutMs: number): Error;
  /** Of one that ended too early. */
  broken(cause?: unknown): Error;
}

/** A body as it arrives. */
class CollectedBody {
  readonly #rules: BodyRules;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(rules: BodyRules) {
    this.#rules = rules;
  }

  /**
   * @throws the error for a body that is too large, from the byte on that is too much; TypeError for what is no bytes
   */
  add(chunk: unknown): void {
    const { maxBytes } = this.#rules;
    const bytes = bytesOf(chunk);
    if (bytes === undefined) throw new TypeError('The body is no stream of bytes.');
    this.#bytes += bytes.length;
    if (this.#bytes <= maxBytes) {
      this.#chunks.push(bytes);
      return;
    }
    this.#chunks.length = 0;
    throw this.#rules.tooLarge(maxBytes);
  }

  joined(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }
}

/** A text or bytes, as bytes. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined;
}

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
