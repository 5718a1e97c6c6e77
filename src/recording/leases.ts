import { randomUUID } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { Lease, MessageStore, Now } from '../messages/store.js';

/** How many times a lease is renewed in its time. */
const RENEWALS = 3;

/** The leases that this process holds. They are renewed as long as it holds them. */
export class Leases {
  readonly #held = new Map<string, Set<string>>();
  readonly #owner = randomUUID();
  readonly #ms: number;
  readonly #clock: Clock;
  readonly #storeNow: () => Now;
  readonly #store: MessageStore;
  readonly #logger: Logger;
  #number = 0;
  #callOff: (() => void) | undefined;

  constructor(host: {
    readonly leaseMs: number;
    readonly clock: Clock;
    readonly storeNow: () => Now;
    readonly store: MessageStore;
    readonly logger: Logger;
  }) {
    this.#ms = host.leaseMs;
    this.#clock = host.clock;
    this.#storeNow = host.storeNow;
    this.#store = host.store;
    this.#logger = host.logger;
  }

  /** A lease with a token that no other one has. */
  next(): Lease {
    return { token: `${this.#owner}:${++this.#number}`, ms: this.#ms };
  }

  /** Notes that messages are held. */
  hold(token: string, ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#held.set(token, new Set(ids));
    this.#callOff ??= this.#clock.after(this.#ms / RENEWALS, () => void this.#renew());
  }

  /** Notes that a message is not held any more. */
  release(token: string, id: string): void {
    const ids = this.#held.get(token);
    ids?.delete(id);
    if (ids?.size === 0) this.#held.delete(token);
    if (this.#held.size > 0) return;
    this.#callOff?.();
    this.#callOff = undefined;
  }

  async #renew(): Promise<void> {
    const renewing = Array.from(this.#held, async ([token, ids]) => {
      await this.#store.renew({ token, ms: this.#ms }, [...ids], this.#storeNow());
    });
    for (const { reason } of (await Promise.allSettled(renewing)).filter((each) => each.status === 'rejected'))
      this.#logger.warn({ err: reason }, 'a lease on messages could not be renewed: others may send them too');
    this.#callOff = undefined;
    if (this.#held.size > 0) this.#callOff = this.#clock.after(this.#ms / RENEWALS, () => void this.#renew());
  }
}
