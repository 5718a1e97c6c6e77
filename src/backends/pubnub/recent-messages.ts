/** Messages kept in mind. PubNub itself keeps 100 a channel for whoever reconnects. */
const MAX_REMEMBERED = 10_000;

/** Tells messages that came in before from new ones; forgets the oldest. */
export class RecentMessages {
  readonly #seen = new Set<string>();

  /**
   * Whether this is the first time. A message is the same when it has the same timetoken, as after a reconnect or where a wildcard and a
   * channel both match, or the same id of ours, as when a publish was tried again after its answer got lost.
   */
  isNew(channel: string, timetoken: string, id: string | undefined): boolean {
    const isNew = this.#add(`${channel}:${timetoken}`);
    return (id === undefined || this.#add(`${channel}:${id}`)) && isNew;
  }

  clear(): void {
    this.#seen.clear();
  }

  #add(key: string): boolean {
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    if (this.#seen.size > MAX_REMEMBERED) {
      const [oldest] = this.#seen;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    return true;
  }
}
