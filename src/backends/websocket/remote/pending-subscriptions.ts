interface Pending {
  readonly promise: Promise<void>;
  readonly settle: (error: Error | undefined) => void;
}

/** Subscriptions that the server has not answered yet, and who waits for them. */
export class PendingSubscriptions {
  readonly #pending = new Map<string, Pending>();

  add(channel: string): Promise<void> {
    let settle: Pending['settle'] = () => undefined;
    const promise = new Promise<void>((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.#pending.set(channel, { promise, settle });
    return promise;
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
    this.#pending.delete(channel);
    pending?.settle(error);
    return pending !== undefined;
  }
}
