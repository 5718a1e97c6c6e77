/** @throws TypeError when the channel is not a text, or is empty */
export function checkChannel(channel: string): void {
  if (typeof channel !== 'string' || channel === '')
    throw new TypeError('A channel must be a string that is not empty.');
}

/**
 * The channels that a client wants: those of its configuration, those asked for by name, and those that a listener
 * holds.
 */
export class WantedChannels implements Iterable<string> {
  #configured: Set<string>;
  #asked = new Set<string>();
  #holds = new Map<string, Set<object>>();

  /** @param configured the channels of the configuration */
  constructor(configured: Iterable<string>) {
    this.#configured = new Set(configured);
  }

  has(channel: string): boolean {
    return this.#configured.has(channel) || this.#asked.has(channel) || this.#holds.has(channel);
  }

  isAsked(channel: string): boolean {
    return this.#asked.has(channel);
  }

  ask(channel: string): void {
    this.#asked.add(channel);
  }

  /** Takes back {@link WantedChannels.ask}; a channel that is configured or held stays wanted. */
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

  /** Removes a channel, however it is wanted. */
  drop(channel: string): void {
    this.#configured.delete(channel);
    this.#asked.delete(channel);
    this.#holds.delete(channel);
  }

  /** Does the work, and restores the wanted channels after it. */
  keep(work: () => void): void {
    const before = [new Set(this.#configured), new Set(this.#asked), new Map(this.#holds)] as const;
    work();
    [this.#configured, this.#asked, this.#holds] = before;
  }

  /**
   * Takes the channels of another configuration in place of those of the present one.
   * @returns the channels that are wanted no more, and those that were not wanted before
   */
  configure(channels: Iterable<string>): { readonly left: readonly string[]; readonly joined: readonly string[] } {
    const before = new Set(this);
    this.#configured = new Set(channels);
    const after = new Set(this);
    return {
      left: [...before].filter((channel) => !after.has(channel)),
      joined: [...after].filter((channel) => !before.has(channel)),
    };
  }

  [Symbol.iterator](): Iterator<string> {
    return new Set([...this.#configured, ...this.#asked, ...this.#holds.keys()]).values();
  }
}
