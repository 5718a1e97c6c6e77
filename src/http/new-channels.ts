/** How long requests of one session may have begun with the same state of it, in milliseconds. */
const KEPT_MS = 10_000;

interface NewChannel {
  readonly channelId: string;
  readonly userId: string | undefined;
  readonly madeAt: number;
}

/**
 * The channels that sessions were given a moment ago, in this process. Requests that come together each load the session as it was before, and
 * each would give it a channel: the one saved last would stay, and the pages of the others listen to one that no log-out ends.
 */
export class NewChannels {
  /** By the session's id; the oldest first. */
  readonly #channels = new Map<unknown, NewChannel>();

  /**
   * @param sessionId undefined for a session that has none, which gets a channel of its own each time
   * @param userId whose session it is; a channel that was made for somebody else is not handed out
   * @param givenUp the channel that the session had, which may have become somebody else's since it was made
   */
  channelFor(sessionId: unknown, userId: string | undefined, givenUp: string | undefined, make: () => string): string {
    const known = this.#channels.get(sessionId);
    const isUsable = known !== undefined && known.channelId !== givenUp && performance.now() - known.madeAt < KEPT_MS;
    if (isUsable && (known.userId === undefined || known.userId === userId)) return known.channelId;
    const channelId = make();
    if (sessionId !== undefined) {
      this.forget(sessionId);
      this.#channels.set(sessionId, { channelId, userId, madeAt: performance.now() });
      this.#sweep();
    }
    return channelId;
  }

  /** For a session that has given its channel up: its next one must be another. */
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
