/** Something with a batch to write. */
export interface Flushable {
  flush(): void;
}

/** Collects what is due to all connections in this tick; at its end each of them writes once. */
export class Outbox<Connection extends Flushable = Flushable> {
  readonly #onError: (connection: Connection, error: unknown) => void;
  #waiting: Connection[] = [];
  #first: Batch | undefined;

  /** @param onError called when a connection's `flush` throws, which the others do not notice; must not throw */
  constructor(onError: (connection: Connection, error: unknown) => void) {
    this.#onError = onError;
  }

  /** The batch that begins with a frame. */
  begin(frame: Buffer): Batch {
    // Connections that begin with the same frame, which is what an event to a channel looks like, share their batch.
    if (this.#first === undefined || this.#first.joined() !== frame) this.#first = new Batch(frame);
    return this.#first;
  }

  /** Asks for one `flush` at the end of the tick. */
  add(connection: Connection): void {
    if (this.#waiting.length === 0) setImmediate(this.#flush);
    this.#waiting.push(connection);
  }

  readonly #flush = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#first = undefined;
    for (const connection of waiting) {
      try {
        connection.flush();
      } catch (error) {
        this.#onError(connection, error);
      }
    }
  };
}

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
