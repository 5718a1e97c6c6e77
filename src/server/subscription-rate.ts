import type { Connection } from './connection.js';

/** The options that the rate follows from. */
export interface SubscriptionLimits {
  readonly subscriptionsPerSecond: number;
  readonly maxChannelsPerConnection: number;
}

/**
 * Limits how often a connection may subscribe, unsubscribe and sign in, because each may cost a signature and a message
 * to all members. A page may do it twice with all its channels at once, as when it connects and then changes its view;
 * after that, so many times a second.
 */
export class SubscriptionRate {
  readonly #perSecond: number;
  readonly #burst: number;

  constructor({ subscriptionsPerSecond, maxChannelsPerConnection }: SubscriptionLimits) {
    this.#perSecond = subscriptionsPerSecond;
    this.#burst = 2 * maxChannelsPerConnection + subscriptionsPerSecond;
  }

  /** Counts a subscription or sign-in. Returns false, and counts nothing, when the connection is over its rate. */
  take(connection: Connection): boolean {
    if (this.#unpaid(connection) >= this.#burst) return false;
    connection.subscriptionCount++;
    return true;
  }

  /** Counts leaving a channel, which is never refused: the client would go on hearing a channel that it has left. */
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
