import type { IncomingMessage } from '../message.js';
import { checkListener, type Listeners } from './listeners.js';
import { isProtocolEvent } from './protocol-events.js';

/** Gets a message's data, and the message: `{ channel, event, data, id?, userId?, notification? }`. */
export type PushListener<Data = unknown> = (data: Data, message: IncomingMessage) => void;

interface Binding {
  /** Undefined for all events. */
  readonly event: string | undefined;
  readonly listener: unknown;
  readonly remove: () => void;
}

/** Listeners of messages by event, each of which is added and removed for itself. */
export class Bindings {
  readonly #messages: Listeners<[message: IncomingMessage]>;
  readonly #isMeant: (message: IncomingMessage) => boolean;
  readonly #bindings = new Set<Binding>();

  /** @param isMeant which messages the listeners get */
  constructor(messages: Listeners<[message: IncomingMessage]>, isMeant: (message: IncomingMessage) => boolean) {
    this.#messages = messages;
    this.#isMeant = isMeant;
  }

  /**
   * @param event undefined for all that are no events of the protocol
   * @param hold called when the listener is in place; what it returns is called when it is removed
   * @returns a function that removes this one binding
   * @throws TypeError when the listener is not a function
   */
  add(event: string | undefined, listener: PushListener<never>, hold: () => () => void = () => () => {}): () => void {
    checkListener(listener);
    const removeListener = this.#messages.add((message) => {
      if (event === undefined ? isProtocolEvent(message.event) : message.event !== event) return;
      if (this.#isMeant(message)) listener(message.data as never, message);
    });
    const release = hold();
    const binding: Binding = {
      event,
      listener,
      remove: () => {
        removeListener();
        release();
        this.#bindings.delete(binding);
      },
    };
    this.#bindings.add(binding);
    return binding.remove;
  }

  /** Removes every binding of the event and of the listener; undefined stands for any. */
  remove(event: string | undefined, listener: unknown): void {
    for (const binding of [...this.#bindings]) {
      if (event !== undefined && binding.event !== event) continue;
      if (listener !== undefined && binding.listener !== listener) continue;
      binding.remove();
    }
  }
}
