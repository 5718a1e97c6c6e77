/** As much of a payload as tells an event from anything else. */
const HEAD_BYTES = 64;

/** Cuts a server's bytes into WebSocket frames; of each it shows the beginning of the payload and skips the rest. */
export class FrameReader {
  readonly #onFrame: (head: string) => void;
  readonly #headBytes: number;
  #rest: Buffer | undefined;
  #skip = 0;

  constructor(onFrame: (head: string) => void, headBytes: number = HEAD_BYTES) {
    this.#onFrame = onFrame;
    this.#headBytes = headBytes;
  }

  /** @param bytes are not kept: their memory may be used again */
  read(bytes: Buffer): void {
    let input = bytes;
    if (this.#rest !== undefined) {
      input = Buffer.concat([this.#rest, bytes]);
      this.#rest = undefined;
    }
    let position = 0;
    while (position < input.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, input.length - position);
        this.#skip -= skipped;
        position += skipped;
        continue;
      }
      const next = this.#begin(input, position);
      if (next === undefined) {
        this.#rest = Buffer.from(input.subarray(position));
        return;
      }
      position = next;
    }
  }

  /** Reads a frame's header and the head of its payload; returns where they end, or undefined where they are not all there. */
  #begin(input: Buffer, start: number): number | undefined {
    if (input.length - start < 2) return undefined;
    const short = input.readUInt8(start + 1);
    const headerLength = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (input.length - start < headerLength) return undefined;
    const length = short < 126 ? short : short === 126 ? input.readUInt16BE(start + 2) : input.readUInt32BE(start + 6);
    const payload = start + headerLength;
    const headEnd = payload + Math.min(length, this.#headBytes);
    if (headEnd > input.length) return undefined;
    this.#onFrame(input.toString('latin1', payload, headEnd));
    this.#skip = length - (headEnd - payload);
    return headEnd;
  }
}
