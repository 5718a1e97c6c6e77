import type { AddressedMessage, OutgoingMessage } from '../../wire/message.js';
import type { Outcome } from '../contract/make-request.js';
import type { RequestContext } from '../contract/request.js';
import type { Child } from './child.js';
import { type ChildRefusal, leftOutError } from './errors.js';

/** The rule by which a composite chooses the backends that a message goes to. */
export interface Routing {
  /** Whether each message goes to all backends: then all have to be open, and receiving from one of them is enough. */
  readonly sendsToAll: boolean;
  /** Sends the messages of one request on. Never throws. @returns an outcome for each message, in their order */
  route(messages: readonly AddressedMessage[], context: RequestContext): Promise<readonly Outcome[]>;
}

/**
 * The backends that a request may go to, in order: those whose circuit is closed or due for a try. Where all circuits
 * are open, those that may be tried all the same, the one that failed longest ago first: a try that may fail is better
 * than none. A backend whose provider asked to wait is never asked.
 */
export function candidatesOf(children: readonly Child[]): readonly Child[] {
  const live = children.filter(({ circuit }) => circuit.isLive);
  if (live.length > 0) return live;
  return children.filter(({ circuit }) => !circuit.isResting).sort((a, b) => a.circuit.failedAt - b.circuit.failedAt);
}

/** The refusal that stands for the answer of a backend that was not asked. */
export function leftOut({ label, backend, circuit }: Child): ChildRefusal {
  return { label, error: leftOutError(backend.name, circuit.waitMs) };
}

/** Keeps a note on a message's way to a channel from one attempt to the next, for as long as the message lives. */
export class RouteNotes<Note> {
  readonly #notes = new WeakMap<OutgoingMessage, Map<string, Note>>();

  get({ message, channel }: AddressedMessage): Note | undefined {
    return this.#notes.get(message)?.get(channel);
  }

  set({ message, channel }: AddressedMessage, note: Note): void {
    let channels = this.#notes.get(message);
    if (channels === undefined) {
      channels = new Map();
      this.#notes.set(message, channels);
    }
    channels.set(channel, note);
  }

  delete({ message, channel }: AddressedMessage): void {
    this.#notes.get(message)?.delete(channel);
  }
}
