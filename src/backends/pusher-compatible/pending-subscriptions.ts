interface Pending extends PromiseWithResolvers<void> {
  readonly timer: NodeJS.Timeout;
}

/** Subscriptions that the server has not answered yet, and who waits for them. */
export class PendingSubscriptions {
  readonly #timeoutMs: number;
  readonly #pending = new Map<string, Pending>();

  /** @param timeoutMs how long one waits for an answer, in milliseconds */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** @param onTimeout called when there is no answer in time, to settle the subscription */
  add(channel: string, onTimeout: () => void): Promise<void> {
    const pending = { ...Promise.withResolvers<void>(), timer: setTimeout(onTimeout, this.#timeoutMs) };
    this.#pending.set(channel, pending);
    return pending.promise;
  }

  /** The subscription under way, or nothing to wait for. */
  of(channel: string): Promise<void> {
    return this.#pending.get(channel)?.promise ?? Promise.resolve();
  }

  channels(): readonly string[] {
    return [...this.#pending.keys()];
  }

  /** Returns whether someone was waiting. */
  settle(channel: string, error?: Error): boolean {
    const pending = this.#pending.get(channel);
    if (pending === undefined) return false;
    this.#pending.delete(channel);
    clearTimeout(pending.timer);
    if (error === undefined) pending.resolve();
    else pending.reject(error);
    return true;
  }
}
