import { ValidationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { IncomingMessage } from '../wire/message.js';

/** Called with each message that arrives through a subscription. */
export type MessageListener = (message: IncomingMessage) => unknown;

/** The listeners of `messageReceived`. The failure of one is logged, and the others are still called. */
export class Inbox {
  readonly #listeners: { readonly listener: MessageListener; readonly isOnce: boolean }[] = [];
  readonly #logger: () => Logger;

  constructor(logger: () => Logger) {
    this.#logger = logger;
  }

  /** Adds a listener. Adding it twice changes nothing. */
  add(listener: MessageListener, isOnce = false): void {
    if (typeof listener !== 'function') throw new ValidationError('A listener must be a function.');
    if (!this.#listeners.some((entry) => entry.listener === listener)) this.#listeners.push({ listener, isOnce });
  }

  remove(listener: MessageListener): void {
    const index = this.#listeners.findIndex((entry) => entry.listener === listener);
    if (index >= 0) this.#listeners.splice(index, 1);
  }

  receive(message: IncomingMessage): void {
    for (const { listener, isOnce } of [...this.#listeners]) {
      if (isOnce) this.remove(listener);
      this.#call(listener, message);
    }
  }

  #call(listener: MessageListener, message: IncomingMessage): void {
    const failed = (error: unknown): void => {
      const { channel, event } = message;
      this.#logger().error({ err: error, channel, event }, 'a messageReceived listener failed');
    };
    try {
      const result = listener(message);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

/** @throws ValidationError for any event but `messageReceived` */
export function checkEvent(event: string): void {
  if (event !== 'messageReceived') {
    throw new ValidationError(`A push service has no event "${String(event)}": its only event is "messageReceived".`);
  }
}
