import type { PushError } from '../../core/errors.js';
import type { AddressedMessage } from '../../wire/message.js';
import type { Outcome, RequestContext } from '../contract/request.js';
import { candidatesOf, leftOut } from './candidates.js';
import type { Child } from './child.js';
import { compositeError, type Refusal } from './errors.js';
import { ParcelNotes } from './parcel-notes.js';

/** What is remembered of a channel between two attempts: who accepted the message, or refused it for good. */
type Note = Map<Child, Outcome>;

/** Delivers through all of several backends; a channel is accepted when all of them accepted it. */
export class EveryOne {
  readonly #name: string;
  readonly #children: readonly Child[];
  readonly #notes = new ParcelNotes<Note>();

  /** @param name the composite's, for errors */
  constructor(name: string, children: readonly Child[]) {
    this.#name = name;
    this.#children = children;
  }

  async deliver(parcels: readonly AddressedMessage[], context: RequestContext): Promise<readonly Outcome[]> {
    const candidates = new Set(candidatesOf(this.#children));
    const found = parcels.map((parcel): Note => new Map(this.#notes.get(parcel)));
    await Promise.all(
      this.#children.map(async (child) => {
        const due = parcels.flatMap((parcel, index) => {
          const note = found[index];
          return note === undefined || note.has(child) ? [] : [{ parcel, note }];
        });
        if (due.length === 0) return;
        if (!candidates.has(child)) {
          const { error } = leftOut(child);
          for (const { parcel, note } of due) note.set(child, { channel: parcel.channel, error });
          return;
        }
        const answers = await child.ask(
          due.map(({ parcel }) => parcel),
          context,
        );
        due.forEach(({ parcel, note }, index) => void note.set(child, answers[index] ?? { channel: parcel.channel }));
      }),
    );
    let before: { note: Note; error: PushError } | undefined;
    return parcels.map((parcel, index) => {
      const note = found[index] ?? new Map<Child, Outcome>();
      const failed = [...note.values()].some(({ error }) => error !== undefined);
      if (!failed) {
        this.#notes.delete(parcel);
        return accepted(parcel.channel, this.#children, note);
      }
      // One error can stand for 100 000 channels.
      if (before === undefined || !saysTheSame(before.note, note)) before = { note, error: this.#errorOf(note) };
      this.#notes.set(parcel, settled(note));
      return { channel: parcel.channel, error: before.error };
    });
  }

  #errorOf(note: Note): PushError {
    const refusals: Refusal[] = [];
    const acceptedBy: string[] = [];
    for (const child of this.#children) {
      const error = note.get(child)?.error;
      if (error === undefined) acceptedBy.push(child.label);
      else refusals.push({ label: child.label, error });
    }
    return compositeError(this.#name, refusals, acceptedBy);
  }
}

/** A channel that all accepted, with what the first one told of it that told anything. */
function accepted(channel: string, children: readonly Child[], note: Note): Outcome {
  const info = children.map((child) => note.get(child)?.info).find((told) => told !== undefined);
  return { channel, ...(info !== undefined && { info }) };
}

/** Those that need not be asked again. */
function settled(note: Note): Note {
  return new Map([...note].filter(([, { error }]) => error === undefined || !error.retryable));
}

function saysTheSame(a: Note, b: Note): boolean {
  return [...a].every(([child, { error }]) => b.get(child)?.error === error);
}
