import { checkOptionNames, checkSignal, type Lasting, whenAborted } from '../core/call-options.js';
import { ValidationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { IncomingMessage } from '../wire/message.js';

/** Called with each message that arrives through a subscription. */
export type MessageListener = (message: IncomingMessage) => unknown;

interface Entry {
  readonly listener: MessageListener;
  readonly isOnce: boolean;
  /** Makes the signal of the listener forget it. */
  readonly forget: () => void;
}

/** The listeners of `messageReceived`. The failure of one is logged, and the others are still called. */
export class Inbox {
  readonly #listeners: Entry[] = [];
  readonly #logger: () => Logger;

  constructor(logger: () => Logger) {
    this.#logger = logger;
  }

  /**
   * Adds a listener. Adding it twice changes nothing.
   * @param call names the call in an error
   * @throws ValidationError for a listener that is no function, and for wrong options
   */
  add(listener: MessageListener, options: Lasting = {}, call: 'on()' | 'once()' = 'on()'): void {
    if (typeof listener !== 'function') throw new ValidationError('A listener must be a function.');
    checkOptionNames(options, ['signal'], call);
    const { signal } = options;
    checkSignal(signal);
    if (signal?.aborted || this.#listeners.some((entry) => entry.listener === listener)) return;
    const forget = whenAborted(signal, () => this.remove(listener));
    this.#listeners.push({ listener, isOnce: call === 'once()', forget });
  }

  remove(listener: MessageListener): void {
    const index = this.#listeners.findIndex((entry) => entry.listener === listener);
    for (const { forget } of index < 0 ? [] : this.#listeners.splice(index, 1)) forget();
  }

  /** Removes all listeners. */
  clear(): void {
    for (const { forget } of this.#listeners.splice(0)) forget();
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
