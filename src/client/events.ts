import type { IncomingMessage } from '../wire/message.js';
import { isProtocolEvent } from '../wire/pusher-names.js';

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

/**
 * Listeners of one kind. Each `add` counts for itself: a listener that is added twice is called twice, and the
 * function that `add` returns removes that one alone.
 */
export class Listeners<Arguments extends unknown[]> {
  readonly #entries = new Set<{ readonly listener: (...args: Arguments) => void }>();

  get size(): number {
    return this.#entries.size;
  }

  /** @throws TypeError when the listener is not a function */
  add(listener: (...args: Arguments) => void): () => void {
    checkListener(listener);
    const entry = { listener };
    this.#entries.add(entry);
    return () => {
      this.#entries.delete(entry);
    };
  }

  /** Calls those that are there now. One that throws is reported as an uncaught error and stops no other. */
  call(...args: Arguments): void {
    for (const entry of [...this.#entries]) {
      // An earlier listener may have removed this one.
      if (!this.#entries.has(entry)) continue;
      try {
        entry.listener(...args);
      } catch (error) {
        reportUncaught(error);
      }
    }
  }
}

/** @throws TypeError for what is not a function */
export function checkListener(listener: unknown): void {
  if (typeof listener !== 'function') throw new TypeError(`A listener must be a function, not ${typeof listener}.`);
}

/** Shows an error to `window.onerror` and to error trackers without ending what the caller is doing. */
function reportUncaught(error: unknown): void {
  const { reportError } = globalThis as { reportError?: (error: unknown) => void };
  if (reportError) {
    reportError(error);
    return;
  }
  queueMicrotask(() => {
    throw error;
  });
}
