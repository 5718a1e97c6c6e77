import { Batch } from './batch.js';

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
