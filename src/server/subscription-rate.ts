import type { Connection } from './connection.js';

/** The limits that the rate follows from. */
export interface SubscriptionLimits {
  readonly subscriptionsPerSecond: number;
  readonly maxChannelsPerConnection: number;
}

/**
 * How often a connection may subscribe, leave and sign in: each tells the members of a presence channel, and costs a signature.
 * A page may do so with all its channels twice at once, as when it connects and changes its view; then so many times a second.
 */
export class SubscriptionRate {
  readonly #perSecond: number;
  readonly #burst: number;

  constructor({ subscriptionsPerSecond, maxChannelsPerConnection }: SubscriptionLimits) {
    this.#perSecond = subscriptionsPerSecond;
    this.#burst = 2 * maxChannelsPerConnection + subscriptionsPerSecond;
  }

  /** Counts one, and returns true, unless the connection is over its rate. */
  take(connection: Connection): boolean {
    if (this.#unpaid(connection) >= this.#burst) return false;
    connection.subscriptionCount++;
    return true;
  }

  /** Counts leaving a channel. It is never refused: the client would hear a channel that it believes to have left. */
  leave(connection: Connection): void {
    this.#unpaid(connection);
    connection.subscriptionCount++;
  }

  #unpaid(connection: Connection): number {
    const second = Math.floor(performance.now() / 1000);
    const paid = (second - connection.subscriptionSecond) * this.#perSecond;
    connection.subscriptionCount = Math.max(0, connection.subscriptionCount - paid);
    connection.subscriptionSecond = second;
    return connection.subscriptionCount;
  }
}
