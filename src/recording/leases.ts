import { randomUUID } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { Lease, MessageStore, Now } from '../messages/store.js';

/** How many times a lease is renewed in its time, and how many times it is tried when the store does not answer. */
const RENEWALS = 3;
const TRIES = 12;

/** The leases that this process holds. They are renewed as long as it holds them. */
export class Leases {
  /** The token of each message that is held, by its id. */
  readonly #tokens = new Map<string, string>();
  readonly #owner = randomUUID();
  readonly #ms: number;
  readonly #clock: Clock;
  readonly #storeNow: () => Now;
  readonly #store: MessageStore;
  readonly #logger: Logger;
  #number = 0;
  #callOff: (() => void) | undefined;
  #hasEnded = false;

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
    for (const id of ids) this.#tokens.set(id, token);
    if (this.#tokens.size > 0 && !this.#hasEnded) this.#callOff ??= this.#renewIn(RENEWALS);
  }

  /** How many messages are held. */
  get count(): number {
    return this.#tokens.size;
  }

  /** The token under which a message is held; undefined when it is not. */
  tokenOf(id: string): string | undefined {
    return this.#tokens.get(id);
  }

  /** Notes that a message is not held any more by a token. */
  release(token: string, id: string): void {
    if (this.#tokens.get(id) === token) this.#tokens.delete(id);
    if (this.#tokens.size > 0) return;
    this.#callOff?.();
    this.#callOff = undefined;
  }

  /** Renews nothing any more: what is still under way is left to others. */
  end(): void {
    this.#hasEnded = true;
    this.#callOff?.();
    this.#callOff = undefined;
  }

  /** @param part of the lease's time */
  #renewIn(part: number): () => void {
    return this.#clock.after(this.#ms / part, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const held = new Map<string, string[]>();
    for (const [id, token] of this.#tokens) {
      const ids = held.get(token);
      if (ids === undefined) held.set(token, [id]);
      else ids.push(id);
    }
    const renewing = Array.from(held, async ([token, ids]) => {
      await this.#store.renew({ token, ms: this.#ms }, ids, this.#storeNow());
    });
    const failed = (await Promise.allSettled(renewing)).filter((each) => each.status === 'rejected');
    for (const { reason } of failed)
      this.#logger.warn({ err: reason }, 'a lease on messages could not be renewed: others may send them too');
    // Something else may have been held meanwhile, after all was let go of.
    this.#callOff?.();
    this.#callOff =
      this.#tokens.size > 0 && !this.#hasEnded ? this.#renewIn(failed.length > 0 ? TRIES : RENEWALS) : undefined;
  }
}
