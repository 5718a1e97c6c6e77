import type { Connection } from './connection.js';

/** The options that the rate follows from. */
export interface SubscriptionLimits {
  readonly subscriptionsPerSecond: number;
  readonly maxChannelsPerConnection: number;
}

/**
 * Bytes that a subscription may send to all members together and count once. One that sends more counts more often: on
 * a presence channel each one brings a list of the members, and a message to all of them.
 */
const BYTES_A_SUBSCRIPTION = 16_384;

/**
 * Limits how often a connection may subscribe, unsubscribe and sign in, because each may cost a signature and a message
 * to all members. A page may do it twice with all its channels at once, as when it connects and then changes its view;
 * after that, so many times a second. What a connection owes is counted in bytes.
 */
export class SubscriptionRate {
  readonly #bytesPerSecond: number;
  readonly #maxOwed: number;

  constructor({ subscriptionsPerSecond, maxChannelsPerConnection }: SubscriptionLimits) {
    this.#bytesPerSecond = subscriptionsPerSecond * BYTES_A_SUBSCRIPTION;
    this.#maxOwed = (2 * maxChannelsPerConnection + subscriptionsPerSecond) * BYTES_A_SUBSCRIPTION;
  }

  /** Counts a subscription or sign-in. Returns false, and counts nothing, when the connection is over its rate. */
  take(connection: Connection): boolean {
    if (this.#owed(connection) >= this.#maxOwed) return false;
    connection.owedBytes += BYTES_A_SUBSCRIPTION;
    return true;
  }

  /** Counts what a subscription that was taken has sent to all members together. */
  sent(connection: Connection, bytes: number): void {
    connection.owedBytes += Math.max(0, bytes - BYTES_A_SUBSCRIPTION);
  }

  /**
   * Counts leaving a channel, which is never refused: the client would go on hearing a channel that it has left.
   * @param bytes what it has sent to all members together
   */
  leave(connection: Connection, bytes: number): void {
    connection.owedBytes = this.#owed(connection) + Math.max(BYTES_A_SUBSCRIPTION, bytes);
  }

  #owed(connection: Connection): number {
    const second = Math.floor(performance.now() / 1000);
    const paid = (second - connection.owedSecond) * this.#bytesPerSecond;
    connection.owedBytes = Math.max(0, connection.owedBytes - paid);
    connection.owedSecond = second;
    return connection.owedBytes;
  }
}
