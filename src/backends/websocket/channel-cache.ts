/** The last event of each cache channel, for a while and for so many channels. */
export class ChannelCache {
  readonly #events = new Map<string, { text: string; expires: number }>();
  readonly #ttlMs: number;
  readonly #maxChannels: number;

  constructor(ttlMs: number, maxChannels: number) {
    this.#ttlMs = ttlMs;
    this.#maxChannels = maxChannels;
  }

  get size(): number {
    return this.#events.size;
  }

  set(channel: string, text: string): void {
    // Writing a key anew moves it to the end, so the first one is both the oldest and the next to expire.
    this.#events.delete(channel);
    this.#events.set(channel, { text, expires: Date.now() + this.#ttlMs });
    for (const [oldest, { expires }] of this.#events) {
      if (this.#events.size <= this.#maxChannels && expires > Date.now()) break;
      this.#events.delete(oldest);
    }
  }

  get(channel: string): string | undefined {
    const event = this.#events.get(channel);
    if (event === undefined || event.expires > Date.now()) return event?.text;
    this.#events.delete(channel);
    return undefined;
  }
}
