import { Batch } from './batch.js';

/** Something with a batch to write. */
export interface Flushable {
  flush(): void;
}

/** Collects what is due to all connections in this tick; at its end each of them writes once. */
export class Outbox {
  #waiting: Flushable[] = [];
  #first: Batch | undefined;

  /** The batch that begins with a frame. */
  begin(frame: Buffer): Batch {
    // Connections that begin with the same frame, which is what an event to a channel looks like, share their batch.
    if (this.#first === undefined || this.#first.joined() !== frame) this.#first = new Batch(frame);
    return this.#first;
  }

  /** Asks for one `flush` at the end of the tick. */
  add(connection: Flushable): void {
    if (this.#waiting.length === 0) setImmediate(this.#flush);
    this.#waiting.push(connection);
  }

  readonly #flush = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#first = undefined;
    for (const connection of waiting) connection.flush();
  };
}
