import { type RecordingHost, storeNow } from './host.js';

/** How often a worker looks for what is old, and for what nobody can send, in milliseconds. */
const EVERY_MS = 60_000;
/** Most messages that are removed in one call of the store, so that no other call waits long for it. */
export const PORTION = 1_000;

/** What a worker does beside sending: old messages go, and what nobody can send is warned about. */
export class Housekeeping {
  readonly #host: RecordingHost;
  #nextAt = Number.NEGATIVE_INFINITY;
  /** Whether the last purge left something. */
  #hasMore = false;

  constructor(host: RecordingHost) {
    this.#host = host;
  }

  async whenDue(): Promise<void> {
    if (await this.purgeWhenDue()) await this.#warn();
  }

  /** Removes old messages. @returns whether it was due, and not merely had more to remove */
  async purgeWhenDue(): Promise<boolean> {
    const { clock } = this.#host;
    const isDue = clock.now() >= this.#nextAt || this.#nextAt > clock.now() + EVERY_MS;
    if (!isDue && !this.#hasMore) return false;
    this.#nextAt = clock.now() + EVERY_MS;
    await this.#purge();
    return isDue;
  }

  /** One portion. The next one comes with the next call. */
  async #purge(): Promise<void> {
    const { store, service, recording, clock } = this.#host;
    const now = storeNow(clock)();
    const removed = await store.purge({ service, ages: recording.ages, limit: PORTION, now });
    this.#hasMore = removed >= PORTION;
  }

  async #warn(): Promise<void> {
    const { store, service, conditions, clock, logger } = this.#host;
    const counts = await store.unclaimed(service, conditions.names, storeNow(clock)());
    for (const [condition, messages] of counts) {
      if (!conditions.isFirstMiss(condition)) continue;
      logger.warn(
        { condition, messages },
        `messages are due and wait for the condition "${condition}", which this process does not know: add it by PushService.condition("${condition}", …) in a process with a worker`,
      );
    }
  }
}
