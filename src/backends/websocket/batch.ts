/**
 * The frames that are due to a connection in one tick. Connections that are owed the same frames in the same order share
 * one batch, because `append` returns the same batch for the same frame; so the frames are put together once for all of them.
 */
export class Batch {
  /** Size of all frames together. */
  readonly bytes: number;
  readonly #before: Batch | undefined;
  readonly #frame: Buffer;
  #last: Batch | undefined;
  #joined: Buffer | undefined;

  constructor(frame: Buffer, before?: Batch) {
    this.#before = before;
    this.#frame = frame;
    this.bytes = frame.length + (before?.bytes ?? 0);
  }

  /** The batch that has one frame more. */
  append(frame: Buffer): Batch {
    if (this.#last === undefined || this.#last.#frame !== frame) this.#last = new Batch(frame, this);
    return this.#last;
  }

  /** All frames in one piece. */
  joined(): Buffer {
    if (this.#before === undefined) return this.#frame;
    this.#joined ??= this.#join();
    return this.#joined;
  }

  #join(): Buffer {
    const frames: Buffer[] = [];
    for (let batch: Batch | undefined = this; batch !== undefined; batch = batch.#before) frames.push(batch.#frame);
    return Buffer.concat(frames.reverse(), this.bytes);
  }
}
