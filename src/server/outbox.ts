/** A connection, as far as the outbox needs it. */
export interface Flushable {
  flush(): void;
}

/** Frames due to connections in one tick. At its end each connection that has any writes once. */
export class Outbox<Connection extends Flushable = Flushable> {
  readonly #onError: (connection: Connection, error: unknown) => void;
  #waiting: Connection[] = [];
  #first: Batch | undefined;

  /** @param onError hears of a connection whose `flush` throws, while the others go on; must not throw */
  constructor(onError: (connection: Connection, error: unknown) => void) {
    this.#onError = onError;
  }

  /** Returns the batch that begins with a frame. */
  begin(frame: Buffer, messages: number = 1): Batch {
    // An event to a channel gives all subscribers the same frame, so connections that begin with one frame share a
    // batch.
    if (this.#first === undefined || this.#first.joined() !== frame) this.#first = new Batch(frame, messages);
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
 * Frames due to one connection in one tick. Connections with the same frames in the same order share one batch, because
 * `append` returns the same batch for the same frame. So their frames are joined once for all of them.
 */
export class Batch {
  /** Size of all frames together, in bytes. */
  readonly bytes: number;
  /** Number of messages. A frame may stand for several frames in one piece. */
  readonly messages: number;
  readonly #before: Batch | undefined;
  readonly #frame: Buffer;
  #last: Batch | undefined;
  #joined: Buffer | undefined;

  constructor(frame: Buffer, messages: number = 1, before?: Batch) {
    this.#before = before;
    this.#frame = frame;
    this.bytes = frame.length + (before?.bytes ?? 0);
    this.messages = messages + (before?.messages ?? 0);
  }

  /** Returns the batch that has one frame more. */
  append(frame: Buffer, messages: number = 1): Batch {
    if (this.#last === undefined || this.#last.#frame !== frame) this.#last = new Batch(frame, messages, this);
    return this.#last;
  }

  /** Returns all frames in one piece. */
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
