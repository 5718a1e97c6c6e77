/** The limits of a body, and the errors of a body that does not keep to them. */
export interface BodyRules {
  readonly maxBytes: number;
  /** How long the body may take to arrive, in milliseconds. */
  readonly timeoutMs: number;
  /** Makes the error of a body over `maxBytes`. */
  tooLarge(maxBytes: number): Error;
  /** Makes the error of a body that took too long. */
  tooLate(timeoutMs: number): Error;
  /** Makes the error of a body that ended too early. */
  broken(cause?: unknown): Error;
}

/** Collects a body as it arrives. */
class CollectedBody {
  readonly #rules: BodyRules;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(rules: BodyRules) {
    this.#rules = rules;
  }

  /**
   * @throws the error of the rules with the first byte that is too many; TypeError for a chunk that is no text or bytes
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

  /** All of it; of a body that came in one piece, this piece itself. */
  joined(): Uint8Array {
    const [first] = this.#chunks;
    return first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks, this.#bytes);
  }
}

/** The bytes of a text, or those of a view or an ArrayBuffer, uncopied. Returns undefined for any other value. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value === 'string') return Buffer.from(value);
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  return ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : undefined;
}

/** A stream of Node, such as a request of `node:http`. */
export interface NodeStreamLike {
  on(event: string, listener: (value: unknown) => void): unknown;
  resume?(): unknown;
}

/**
 * Reads a stream of Node to its end.
 * @throws the error of the rules when it is too large, too late or broken
 */
export function readNodeStream(stream: NodeStreamLike, rules: BodyRules): Promise<Uint8Array> {
  const body = new CollectedBody(rules);
  const { timeoutMs, tooLate, broken } = rules;
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  let isSettled = false;
  /** Every stream closes in the end, and every error that is made costs a stack trace: only the first one is made. */
  const fail = (makeError: () => unknown): void => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(timer);
    reject(makeError());
  };
  const timer = setTimeout(() => fail(() => tooLate(timeoutMs)), timeoutMs);
  // The listeners stay after a failure: the rest is read and dropped, because a client reads the answer only after it
  // has sent all.
  stream.on('data', (chunk) => {
    if (isSettled) return;
    try {
      body.add(chunk);
    } catch (error) {
      fail(() => error);
    }
  });
  stream.on('end', () => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(timer);
    resolve(body.joined());
  });
  stream.on('error', (error) => fail(() => broken(error)));
  stream.on('close', () => fail(() => broken()));
  // A stream that was paused is not started by a listener for its data.
  stream.resume?.();
  return promise;
}

/** A stream of bytes that is read chunk by chunk, such as a web `ReadableStream`. */
export interface ByteStream {
  readonly locked: boolean;
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: unknown }>;
    cancel(): Promise<void>;
  };
}

/**
 * Reads a web stream to its end.
 * @throws the error of the rules when it is too large, too late or broken
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
    // The end of `cancel` is not waited for: a stream that stalls may never end.
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
