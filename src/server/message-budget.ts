import type { Connection } from './connection.js';

/** Seconds whose budget a connection may use at once. */
const SECONDS_AT_ONCE = 5;

/** The options that the budget follows from. */
export interface BudgetLimits {
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly maxChannelsPerConnection: number;
}

/**
 * What a connection is to hear of a message: `taken` is within the budget; of the messages beyond it the first is
 * answered with an error (`refused`), and the next are dropped (`dropped`) until there are so many that the connection
 * is cut (`cut`).
 */
export type BudgetVerdict = 'taken' | 'refused' | 'dropped' | 'cut';

/**
 * Limits how many messages and bytes a connection may send, pings of the WebSocket among them, because each costs time
 * that the others wait for. A page may use the budget of some seconds at once, and subscribe to all its channels twice
 * beside it.
 */
export class MessageBudget {
  readonly #limits: BudgetLimits;
  readonly #maxMessages: number;
  readonly #maxBytes: number;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
    this.#maxMessages = SECONDS_AT_ONCE * limits.messagesPerSecond + 2 * limits.maxChannelsPerConnection;
    this.#maxBytes = SECONDS_AT_ONCE * limits.bytesPerSecond;
  }

  /** Counts a message. A large one is taken as long as anything is left of the budget. @param bytes its size */
  take(connection: Connection, bytes: number): BudgetVerdict {
    const { messagesPerSecond, bytesPerSecond } = this.#limits;
    const second = Math.floor(performance.now() / 1000);
    if (second !== connection.messageSecond) {
      const seconds = second - connection.messageSecond;
      connection.messageCount = Math.max(0, connection.messageCount - seconds * messagesPerSecond);
      connection.messageBytes = Math.max(0, connection.messageBytes - seconds * bytesPerSecond);
      connection.messageSecond = second;
    }
    const messages = connection.messageCount++;
    const bytesBefore = connection.messageBytes;
    connection.messageBytes += bytes;
    if (messages < this.#maxMessages && bytesBefore < this.#maxBytes) {
      connection.isOverBudget = false;
      return 'taken';
    }
    if (messages >= this.#maxMessages + messagesPerSecond || bytesBefore >= this.#maxBytes + bytesPerSecond)
      return 'cut';
    if (connection.isOverBudget) return 'dropped';
    connection.isOverBudget = true;
    return 'refused';
  }
}
