import type { AddressedMessage, OutgoingMessage } from '../../wire/message.js';

/** Something to remember about a message's way to a channel, from one attempt to the next, for as long as the message lives. */
export class ParcelNotes<Note> {
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
