import { TimeoutError, ValidationError } from '../errors.js';

/**
 * Size of a body that is read from a stream, in bytes. Pusher's largest have 20 events of up to 10 KiB of data each, whose quotes take
 * two characters in JSON; one of PubNub's is this large only where batching is set to many large messages.
 */
export const MAX_BODY_BYTES = 1_048_576;
/** How long a body may take to arrive, in milliseconds: it comes from a server, in one piece. */
export const BODY_TIMEOUT_MS = 10_000;

/** A body as it arrives. */
export class CollectedBody {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  /** @throws ValidationError from the byte on that is too much */
  add(chunk: unknown): void {
    const bytes = bytesOf(chunk);
    if (bytes === undefined) throw new ValidationError("The webhook's body is no stream of bytes.");
    this.#bytes += bytes.length;
    if (this.#bytes <= MAX_BODY_BYTES) {
      this.#chunks.push(bytes);
      return;
    }
    this.#chunks.length = 0;
    throw new ValidationError(
      `The webhook's body is over ${MAX_BODY_BYTES} bytes. Have the provider send fewer events at once, or read it yourself and pass { headers, rawBody }.`,
    );
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

export function bodyTooLate(): TimeoutError {
  return new TimeoutError(`The webhook's body did not arrive within ${BODY_TIMEOUT_MS} ms.`, { outcome: 'rejected' });
}

export function bodyCutShort(cause?: unknown): ValidationError {
  return new ValidationError("The webhook's body ended too early: the connection was lost.", { cause });
}
