import type { DeliveryError } from '../../../core/report.js';
import type { Link } from './link.js';
import { deliveryError, NotSentError, ReplyError } from './plain-errors.js';

/** Most channels of one command. It takes Redis less than a millisecond. */
const CHANNELS_PER_COMMAND = 500;

/** Somebody who waits until channels are listened to. */
interface Waiter {
  missing: number;
  resolve(): void;
  reject(error: DeliveryError): void;
}

/** What a server of a Cluster answers that does not have the slot, or does not know whether it has. */
const notTheOwner: ReadonlySet<string> = new Set(['MOVED', 'CLUSTERDOWN', 'ASK', 'TRYAGAIN']);

/** Whether a server has refused a command because another one has the slot. */
export function isOfAnother(error: unknown): error is ReplyError {
  return error instanceof ReplyError && notTheOwner.has(error.code);
}

/**
 * The channels of one partition that are listened to, on the connection that it has at the moment. One step is under
 * way at a time. What is asked for meanwhile is one step afterwards, so nothing depends on the order in which channels
 * are taken up and left.
 */
export class Subscriptions {
  readonly #wanted = new Set<string>();
  /** Those that the server has confirmed, and that it was not asked to end. */
  readonly #confirmed = new Set<string>();
  /** Those that may have to be taken up or left. Empty without a connection. */
  readonly #changed = new Set<string>();
  readonly #waiters = new Map<string, Waiter[]>();
  readonly #refused: (error: ReplyError) => void;
  #link: Link | undefined;
  #isBusy = false;

  /** @param refused the server does not have the partition any more */
  constructor(refused: (error: ReplyError) => void) {
    this.#refused = refused;
  }

  /** Whether a server has confirmed any. */
  get isTaken(): boolean {
    return this.#confirmed.size > 0;
  }

  /** Resolves when the server has confirmed all of them, also on a connection that is made later. */
  add(channels: readonly string[]): Promise<void> {
    const missing = new Set<string>();
    for (const channel of channels) {
      this.#wanted.add(channel);
      if (this.#confirmed.has(channel)) continue;
      missing.add(channel);
      if (this.#link !== undefined) this.#changed.add(channel);
    }
    if (missing.size === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { missing: missing.size, resolve, reject };
      for (const channel of missing) {
        const others = this.#waiters.get(channel);
        if (others === undefined) this.#waiters.set(channel, [waiter]);
        else others.push(waiter);
      }
      this.#begin();
    });
  }

  remove(channels: readonly string[]): void {
    for (const channel of channels) {
      this.#wanted.delete(channel);
      if (this.#link !== undefined) this.#changed.add(channel);
    }
    // Nobody wants to hear them any more, so nobody is kept waiting.
    this.#settle(channels);
    this.#begin();
  }

  /**
   * Takes all channels up on a new connection.
   * @throws whatever the connection throws, and when another connection takes its place
   */
  async moveTo(link: Link): Promise<void> {
    this.leave();
    this.#link = link;
    for (const channel of this.#wanted) this.#changed.add(channel);
    this.#isBusy = true;
    try {
      while (this.#changed.size > 0 && this.#link === link) {
        const { left, come } = this.#step();
        await this.#ask(link, left, come);
      }
    } finally {
      if (this.#link === link) this.#isBusy = false;
    }
    if (this.#link !== link) throw new NotSentError('another connection has taken its place');
  }

  /** Its connection is lost, or another server has the partition. */
  leave(): void {
    this.#link = undefined;
    this.#isBusy = false;
    this.#confirmed.clear();
    this.#changed.clear();
  }

  /** Ends all waiting. */
  close(error: DeliveryError): void {
    this.leave();
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.reject(error);
    this.#waiters.clear();
    this.#wanted.clear();
  }

  #begin(): void {
    if (!this.#isBusy && this.#link !== undefined) void this.#work(this.#link);
  }

  async #work(link: Link): Promise<void> {
    this.#isBusy = true;
    // What else is asked for in this turn goes along.
    await undefined;
    while (this.#changed.size > 0 && this.#link === link) {
      const { left, come } = this.#step();
      try {
        await this.#ask(link, left, come);
      } catch (error) {
        if (this.#link === link) this.#failed(link, come, error as Error);
      }
    }
    if (this.#link === link) this.#isBusy = false;
  }

  /** What one command of each kind is to do. */
  #step(): { readonly left: readonly string[]; readonly come: readonly string[] } {
    const come: string[] = [];
    const left: string[] = [];
    for (const channel of this.#changed) {
      if (come.length === CHANNELS_PER_COMMAND || left.length === CHANNELS_PER_COMMAND) break;
      this.#changed.delete(channel);
      const isWanted = this.#wanted.has(channel);
      if (isWanted && !this.#confirmed.has(channel)) come.push(channel);
      if (!isWanted && this.#confirmed.delete(channel)) left.push(channel);
    }
    return { left, come };
  }

  async #ask(link: Link, left: readonly string[], come: readonly string[]): Promise<void> {
    await Promise.all([
      left.length > 0 ? link.unsubscribe(left) : undefined,
      come.length > 0 ? link.subscribe(come) : undefined,
    ]);
    if (this.#link !== link) return;
    for (const channel of come) {
      this.#confirmed.add(channel);
      // It was given up meanwhile, or is to be taken up again: the next step sees to it.
      if (!this.#wanted.has(channel)) this.#changed.add(channel);
    }
    this.#settle(come);
  }

  #failed(link: Link, come: readonly string[], error: Error): void {
    if (!(error instanceof ReplyError)) link.destroy(error);
    else if (isOfAnother(error)) this.#refused(error);
    else {
      for (const channel of come) {
        this.#wanted.delete(channel);
        for (const waiter of this.#waiters.get(channel) ?? []) waiter.reject(deliveryError('subscribe', error));
        this.#waiters.delete(channel);
      }
      return;
    }
    // All channels are taken up again with the next connection.
    if (this.#link === link) this.leave();
  }

  #settle(channels: readonly string[]): void {
    if (this.#waiters.size === 0) return;
    for (const channel of channels) {
      const waiters = this.#waiters.get(channel);
      if (waiters === undefined) continue;
      this.#waiters.delete(channel);
      for (const waiter of waiters) if (--waiter.missing === 0) waiter.resolve();
    }
  }
}
