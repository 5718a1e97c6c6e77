import type { PushError } from '../../core/errors.js';
import type { AddressedMessage } from '../../wire/message.js';
import type { Outcome } from '../contract/make-request.js';
import type { RequestContext } from '../contract/request.js';
import type { Child } from './child.js';
import { type ChildRefusal, compositeError } from './errors.js';
import { candidatesOf, leftOut, RouteNotes, type Routing } from './routing.js';

/** The outcomes of one message for one channel, by backend. Between attempts it holds those that are final. */
type Note = Map<Child, Outcome>;

/**
 * Sends each message through all backends at once. A channel is accepted when all of them accepted it; those that
 * skipped it do not count, unless all did.
 */
export class RoutingToAll implements Routing {
  readonly sendsToAll = true;
  readonly #composite: string;
  readonly #children: readonly Child[];
  readonly #notes = new RouteNotes<Note>();

  /** @param composite its name, for errors */
  constructor(composite: string, children: readonly Child[]) {
    this.#composite = composite;
    this.#children = children;
  }

  async route(messages: readonly AddressedMessage[], context: RequestContext): Promise<readonly Outcome[]> {
    const candidates = new Set(candidatesOf(this.#children));
    const notes = messages.map((message): Note => new Map(this.#notes.get(message)));
    await Promise.all(
      this.#children.map(async (child) => {
        const due = messages.flatMap((message, index) => {
          const note = notes[index];
          return note === undefined || note.has(child) ? [] : [{ message, note }];
        });
        if (due.length === 0) return;
        if (!candidates.has(child)) {
          const { error } = leftOut(child);
          for (const { message, note } of due) note.set(child, { channel: message.channel, error });
          return;
        }
        const answers = await child.request(
          due.map(({ message }) => message),
          context,
        );
        due.forEach(({ message, note }, index) => void note.set(child, answers[index] ?? { channel: message.channel }));
      }),
    );
    let last: { note: Note; error: PushError } | undefined;
    return messages.map((message, index) => {
      const note = notes[index] ?? new Map<Child, Outcome>();
      const hasFailed = [...note.values()].some(({ error }) => error !== undefined);
      if (!hasFailed) {
        this.#notes.delete(message);
        return this.#ended(message.channel, note);
      }
      // One error can stand for 100 000 channels.
      if (last === undefined || !hasSameErrors(last.note, note)) last = { note, error: this.#errorOf(note) };
      this.#notes.set(message, finalOnly(note));
      return { channel: message.channel, error: last.error };
    });
  }

  /**
   * The outcome of a channel that all accepted or skipped, with the details, or the reason, of the first backend that
   * gave any.
   */
  #ended(channel: string, note: Note): Outcome {
    const outcomes = this.#children.map((child) => note.get(child));
    const info = outcomes.find((outcome) => outcome?.info !== undefined)?.info;
    const skipped = outcomes.every((outcome) => outcome?.skipped !== undefined) ? outcomes[0]?.skipped : undefined;
    return { channel, ...(info !== undefined && { info }), ...(skipped !== undefined && { skipped }) };
  }

  #errorOf(note: Note): PushError {
    const refusals: ChildRefusal[] = [];
    const acceptedBy: string[] = [];
    for (const child of this.#children) {
      const { error, skipped } = note.get(child) ?? {};
      if (error !== undefined) refusals.push({ label: child.label, error });
      else if (skipped === undefined) acceptedBy.push(child.label);
    }
    return compositeError(this.#composite, refusals, acceptedBy);
  }
}

/** The outcomes of backends that need not be asked again. */
function finalOnly(note: Note): Note {
  return new Map([...note].filter(([, { error }]) => error === undefined || !error.retryable));
}

function hasSameErrors(a: Note, b: Note): boolean {
  return [...a].every(([child, { error }]) => b.get(child)?.error === error);
}
