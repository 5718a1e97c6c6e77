/** How long requests that loaded the same state of a session may still be running, in milliseconds. */
const KEPT_MS = 10_000;

interface NewChannel {
  readonly channelId: string;
  readonly userId: string | undefined;
  readonly madeAt: number;
}

/**
 * The channels that this process gave to sessions a moment ago. Simultaneous requests of one session all load it
 * without a channel. Without this memory each would make its own: only the last one saved would stay, and no log-out
 * would end the others.
 */
export class NewChannels {
  /** By the session's id; the oldest first. */
  readonly #channels = new Map<unknown, NewChannel>();

  /**
   * Returns the channel that the session got a moment ago, or makes one.
   * @param sessionId undefined for a session without an id, which gets a new channel each time
   * @param userId the session's user; a channel that was made for another user or for a visitor is not returned
   * @param givenUp the channel that the session had before, which is not returned
   */
  channelFor(sessionId: unknown, userId: string | undefined, givenUp: string | undefined, make: () => string): string {
    const known = this.#channels.get(sessionId);
    const isUsable = known !== undefined && known.channelId !== givenUp && performance.now() - known.madeAt < KEPT_MS;
    if (isUsable && known.userId === userId) return known.channelId;
    const channelId = make();
    if (sessionId !== undefined) {
      this.forget(sessionId);
      this.#channels.set(sessionId, { channelId, userId, madeAt: performance.now() });
      this.#sweep();
    }
    return channelId;
  }

  /** Forgets the channel of a session, so that its next one is another. */
  forget(sessionId: unknown): void {
    this.#channels.delete(sessionId);
  }

  #sweep(): void {
    for (const [sessionId, { madeAt }] of this.#channels) {
      if (performance.now() - madeAt < KEPT_MS) break;
      this.#channels.delete(sessionId);
    }
  }
}
