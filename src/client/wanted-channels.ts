/** @throws TypeError when the channel is not a text, or is empty */
export function checkChannel(channel: string): void {
  if (typeof channel !== 'string' || channel === '')
    throw new TypeError('A channel must be a string that is not empty.');
}

/** The channels that a client wants: those asked for by name, and those that a listener holds. */
export class WantedChannels implements Iterable<string> {
  #asked: Set<string>;
  #holds = new Map<string, Set<object>>();

  constructor(channels: Iterable<string>) {
    this.#asked = new Set(channels);
  }

  has(channel: string): boolean {
    return this.#asked.has(channel) || this.#holds.has(channel);
  }

  isAsked(channel: string): boolean {
    return this.#asked.has(channel);
  }

  ask(channel: string): void {
    this.#asked.add(channel);
  }

  /** Takes back {@link WantedChannels.ask}; a channel that is held stays wanted. */
  unask(channel: string): void {
    this.#asked.delete(channel);
  }

  /** Holds a channel. @returns a function that ends the hold, and returns whether it was the last on the channel */
  hold(channel: string): () => boolean {
    const hold = {};
    const holds = this.#holds.get(channel) ?? new Set();
    this.#holds.set(channel, holds.add(hold));
    return () => {
      const isLast = holds.delete(hold) && holds.size === 0 && this.#holds.get(channel) === holds;
      return isLast && this.#holds.delete(channel);
    };
  }

  /** Removes a channel, whether it was asked for or is held. */
  drop(channel: string): void {
    this.#asked.delete(channel);
    this.#holds.delete(channel);
  }

  /** Does the work, and restores the wanted channels after it. */
  keep(work: () => void): void {
    const asked = new Set(this.#asked);
    const holds = new Map(this.#holds);
    work();
    this.#asked = asked;
    this.#holds = holds;
  }

  [Symbol.iterator](): Iterator<string> {
    return new Set([...this.#asked, ...this.#holds.keys()]).values();
  }
}
