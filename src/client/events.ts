import { record } from '../wire/is-record.js';
import type { IncomingMessage, PushNotification } from '../wire/message.js';
import { isProtocolEvent } from '../wire/pusher-names.js';

/**
 * A listener of messages. It gets a message's data, and the message:
 * `{ channel, event, data, id?, userId?, notification? }`.
 */
export type PushListener<Data = unknown> = (data: Data, message: IncomingMessage) => void;

/** An event of Pusher's protocol, such as `pusher:subscription_succeeded`. It can be bound beside one's own events. */
export type ProtocolEvent = `pusher:${string}`;

/** The events that can be bound: those of the type parameter, and those of the protocol. */
export type EventName<Events extends object> = (keyof Events & string) | ProtocolEvent;

/** The data of an event; unknown for an event of the protocol. */
export type EventData<Events extends object, Name> = Name extends keyof Events ? Events[Name] : unknown;

/** Adds a message's notification, which realtime backends send as the key `notification` of the data. */
export function withNotification(message: IncomingMessage): IncomingMessage {
  const notification = message.notification ?? record(message.data)['notification'];
  const { title, body } = record(notification);
  return typeof title === 'string' || (title === undefined && typeof body === 'string')
    ? { ...message, notification: notification as PushNotification }
    : message;
}

interface Binding {
  /** The event that is listened to; undefined for all. */
  readonly event: string | undefined;
  readonly listener: unknown;
  readonly remove: () => void;
}

/** Listeners of messages by event. A listener that is bound twice is called twice, until both bindings are removed. */
export class Bindings {
  readonly #messages: Listeners<[message: IncomingMessage]>;
  readonly #isMeant: (message: IncomingMessage) => boolean;
  readonly #bindings = new Set<Binding>();

  /** @param isMeant whether the listeners get a message */
  constructor(messages: Listeners<[message: IncomingMessage]>, isMeant: (message: IncomingMessage) => boolean) {
    this.#messages = messages;
    this.#isMeant = isMeant;
  }

  /**
   * Adds a binding to one event.
   * @param hold called once the listener is in place; its result is called when the listener is removed
   * @returns a function that removes this one binding
   * @throws TypeError when the event is not a text, or the listener not a function
   */
  add(event: string, listener: PushListener<never>, hold?: () => () => void): () => void {
    checkEvent(event);
    return this.#add(event, listener, hold);
  }

  /** Adds a binding to all events but those of the protocol, as {@link Bindings.add} does. */
  addAll(listener: PushListener<never>, hold?: () => () => void): () => void {
    return this.#add(undefined, listener, hold);
  }

  #add(event: string | undefined, listener: PushListener<never>, hold = (): (() => void) => () => {}): () => void {
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

  /**
   * Removes all bindings of the event and the listener; undefined stands for any.
   * @throws TypeError when the event is neither a text nor undefined
   */
  remove(event: string | undefined, listener: unknown): void {
    if (event !== undefined) checkEvent(event);
    for (const binding of [...this.#bindings]) {
      if (event !== undefined && binding.event !== event) continue;
      if (listener !== undefined && binding.listener !== listener) continue;
      binding.remove();
    }
  }
}

/**
 * Listeners of one kind. A listener that is added twice is called twice; the result of each `add` removes that one
 * alone.
 */
export class Listeners<Arguments extends unknown[]> {
  readonly #entries = new Set<{ readonly listener: (...args: Arguments) => void }>();

  get size(): number {
    return this.#entries.size;
  }

  /**
   * @returns a function that removes the listener
   * @throws TypeError when the listener is not a function
   */
  add(listener: (...args: Arguments) => void): () => void {
    checkListener(listener);
    const entry = { listener };
    this.#entries.add(entry);
    return () => {
      this.#entries.delete(entry);
    };
  }

  /** Calls all listeners. An error of one is reported as an uncaught error, and the others are called all the same. */
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

/** @throws TypeError when the event is not a text, as a regular expression, which would match no event */
function checkEvent(event: unknown): void {
  checkType('An event', event, 'string');
}

/** @throws TypeError when the listener is not a function */
export function checkListener(listener: unknown): void {
  checkType('A listener', listener, 'function');
}

function checkType(subject: string, value: unknown, type: string): void {
  if (typeof value !== type) throw new TypeError(`${subject} must be a ${type}, not ${typeof value}.`);
}

/** Reports an error to `window.onerror` and to error trackers, and lets the caller go on. */
function reportUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
