interface Pending extends PromiseWithResolvers<void> {
  readonly timer: NodeJS.Timeout;
}

/** The subscriptions that the server has not answered yet. */
export class PendingSubscriptions {
  readonly #timeoutMs: number;
  readonly #pending = new Map<string, Pending>();

  /** @param timeoutMs deadline of an answer, in milliseconds */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Adds a subscription. @param onTimeout called when no answer comes in time; it must settle the subscription */
  add(channel: string, onTimeout: () => void): Promise<void> {
    const pending = { ...Promise.withResolvers<void>(), timer: setTimeout(onTimeout, this.#timeoutMs) };
    this.#pending.set(channel, pending);
    return pending.promise;
  }

  /** The promise of a pending subscription; for any other channel, a resolved one. */
  of(channel: string): Promise<void> {
    return this.#pending.get(channel)?.promise ?? Promise.resolve();
  }

  channels(): readonly string[] {
    return [...this.#pending.keys()];
  }

  /** Ends a subscription, with or without an error. @returns whether it was pending */
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
