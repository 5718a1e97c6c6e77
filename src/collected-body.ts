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
export class CollectedBody {
  readonly #rules: BodyRules;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(rules: BodyRules) {
    this.#rules = rules;
  }

  /** @throws the error for a body that is too large, from the byte on that is too much; TypeError for what is no bytes */
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
