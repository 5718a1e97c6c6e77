import { systemClock } from '../../core/clock.js';
import { backoffDelay } from '../../wire/backoff.js';
import type { PoolClientLike } from './clients.js';
import type { Database } from './database.js';
import { CHANNEL } from './insert-text.js';

interface Notification {
  readonly payload?: string | undefined;
}

/** A client that can stop holding the process. */
interface Unreferable {
  unref?(): void;
}

/**
 * Listens to NOTIFY on a connection of its own, while somebody wants to be woken. A connection that is lost is made
 * again after a pause that grows, and then everybody is woken: what was told in between is not told again.
 */
export class Listener {
  readonly #database: Database;
  readonly #wakes = new Map<string, Set<() => void>>();
  #client: PoolClientLike | undefined;
  #callOff: (() => void) | undefined;
  #connecting: Promise<void> | undefined;
  #failures = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @returns a function that ends it */
  async listen(service: string, wake: () => void): Promise<() => Promise<void>> {
    // Another function each time, so that one that is passed twice is woken until both have ended.
    const own = (): void => wake();
    const wakes = this.#wakes.get(service) ?? new Set();
    this.#wakes.set(service, wakes.add(own));
    await this.#connect();
    return async () => {
      wakes.delete(own);
      if (wakes.size === 0 && this.#wakes.get(service) === wakes) this.#wakes.delete(service);
      if (this.#wakes.size === 0) this.close();
    };
  }

  close(): void {
    this.#wakes.clear();
    this.#callOff?.();
    this.#callOff = undefined;
    this.#leave();
  }

  /** Connects, unless it is connected, or waits for its next try. */
  async #connect(): Promise<void> {
    if (this.#client !== undefined || this.#callOff !== undefined) return;
    this.#connecting ??= this.#connectOnce().finally(() => {
      this.#connecting = undefined;
    });
    await this.#connecting;
  }

  async #connectOnce(): Promise<void> {
    try {
      const client = await this.#database.takeOut((run) => run(`LISTEN ${CHANNEL}`));
      this.#client = client;
      client.on('notification', (notification) => this.#wake((notification as Notification).payload));
      for (const event of ['error', 'end']) client.on(event, () => this.#lose(client));
      // Waiting to be woken does not hold the process.
      (client as Unreferable).unref?.();
      if (this.#failures > 0) for (const service of this.#wakes.keys()) this.#wake(service);
      this.#failures = 0;
      if (this.#wakes.size === 0) this.#leave();
    } catch {
      // Workers go on asking once a second.
      this.#again();
    }
  }

  #wake(service: string | undefined): void {
    for (const wake of this.#wakes.get(service ?? '') ?? []) wake();
  }

  #lose(client: PoolClientLike): void {
    if (this.#client !== client) return;
    this.#leave();
    this.#again();
  }

  #again(): void {
    if (this.#wakes.size === 0) return;
    this.#callOff = systemClock.after(backoffDelay(this.#failures++), () => {
      this.#callOff = undefined;
      void this.#connect();
    });
  }

  #leave(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.release(true);
  }
}
