/** Which channels a client wants: those that were asked for by name, and those that somebody listens to. */
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

  /** Takes back {@link WantedChannels.ask} and leaves what is held. */
  unask(channel: string): void {
    this.#asked.delete(channel);
  }

  /** Wants the channel until the returned function is called, which tells whether that was the last hold on it. */
  hold(channel: string): () => boolean {
    const hold = {};
    const holds = this.#holds.get(channel) ?? new Set();
    this.#holds.set(channel, holds.add(hold));
    return () => {
      const isLast = holds.delete(hold) && holds.size === 0 && this.#holds.get(channel) === holds;
      return isLast && this.#holds.delete(channel);
    };
  }

  /** Wants the channel no more, whoever asked for it or holds it. */
  drop(channel: string): void {
    this.#asked.delete(channel);
    this.#holds.delete(channel);
  }

  /** Does the work, and wants the same channels as before. */
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
