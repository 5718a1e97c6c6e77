/** A subscriber who is told. */
interface Listener {
  send(frames: Buffer, messages: number): void;
}

/** How many messages a frame or several hold, and their size. */
interface Extent {
  readonly messages: number;
  readonly bytes: number;
}

/**
 * Who has come to a presence channel and gone, in the order in which it happened, until the subscribers are told. Each
 * notice is a frame of its own. All of them are joined once, and every subscriber gets them in one write.
 */
export class PresenceNotices {
  readonly #frames: Buffer[] = [];
  #bytes = 0;
  /** Subscribers who came meanwhile: the list that each has got says what these first notices say. */
  readonly #known = new Map<Listener, Extent>();

  /** Size of what waits. */
  get bytes(): number {
    return this.#bytes;
  }

  add(frame: Buffer): void {
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  /** A subscriber has come, and has got a list of the members as they are now. */
  joined(subscriber: Listener): void {
    this.#known.set(subscriber, { messages: this.#frames.length, bytes: this.#bytes });
  }

  /** Sends all of them to a subscriber who was there before, and to one who came later those that followed. */
  deliver(subscribers: Iterable<Listener>): void {
    const all = Buffer.concat(this.#frames, this.#bytes);
    for (const subscriber of subscribers) {
      const known = this.#known.get(subscriber);
      if (known === undefined) subscriber.send(all, this.#frames.length);
      else if (known.bytes < this.#bytes)
        subscriber.send(all.subarray(known.bytes), this.#frames.length - known.messages);
    }
  }
}
