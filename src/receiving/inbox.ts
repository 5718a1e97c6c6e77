import { Listeners } from '../core/listeners.js';
import type { Logger } from '../core/logger.js';
import type { IncomingMessage } from '../wire/message.js';

/** Called with each message that arrives through a subscription. */
export type MessageListener = (message: IncomingMessage) => unknown;

/** The listeners of `messageReceived`. The failure of one is logged, and the others are still called. */
export class Inbox extends Listeners<IncomingMessage> {
  constructor(logger: () => Logger) {
    super((err, { channel, event }) => logger().error({ err, channel, event }, 'a messageReceived listener failed'));
  }

  receive(message: IncomingMessage): void {
    this.call(message);
  }
}
