import { outcomeOf, type PushError } from '../../core/errors.js';
import type { AddressedMessage } from '../../wire/message.js';
import type { Outcome, RequestContext } from '../contract/request.js';
import { candidatesOf, leftOut } from './candidates.js';
import type { Child } from './child.js';
import { compositeError, type Refusal } from './errors.js';
import { ParcelNotes } from './parcel-notes.js';

/** What is remembered of a channel between two attempts. */
interface Note {
  /** May have delivered the message: no other backend gets it. */
  readonly stays?: Child;
  /** Refused it for good. */
  readonly refused?: ReadonlyMap<Child, PushError>;
  /** Could not be reached in time: the others are asked first. */
  readonly late?: ReadonlySet<Child>;
}

/** Delivers through one backend of several: what one refuses, or was never reached with, goes on to the next. */
export class OneOf {
  readonly #name: string;
  readonly #notes = new ParcelNotes<Note>();

  /** @param name the composite's, for errors */
  constructor(name: string) {
    this.#name = name;
  }

  /** @param order the backends, the one to ask first first */
  async deliver(
    parcels: readonly AddressedMessage[],
    context: RequestContext,
    order: readonly Child[],
  ): Promise<readonly Outcome[]> {
    const staying = new Map<Child, AddressedMessage[]>();
    const free: AddressedMessage[] = [];
    for (const parcel of parcels) {
      const child = this.#notes.get(parcel)?.stays;
      const before = child === undefined ? free : staying.get(child);
      if (before !== undefined) before.push(parcel);
      else if (child !== undefined) staying.set(child, [parcel]);
    }
    const outcomes = new Map<AddressedMessage, Outcome>();
    await Promise.all([
      ...[...staying].map(async ([child, own]) => {
        const answers = await child.ask(own, context);
        own.forEach((parcel, index) => void outcomes.set(parcel, answers[index] ?? { channel: parcel.channel }));
      }),
      this.#passOn(free, context, order, outcomes),
    ]);
    return parcels.map((parcel) => outcomes.get(parcel) ?? { channel: parcel.channel });
  }

  async #passOn(
    parcels: readonly AddressedMessage[],
    context: RequestContext,
    order: readonly Child[],
    outcomes: Map<AddressedMessage, Outcome>,
  ): Promise<void> {
    const said = new Map<AddressedMessage, Map<Child, PushError>>();
    const candidates = candidatesOf(order);
    let left = parcels;
    for (const [child, isLate] of [false, true].flatMap((late) => candidates.map((child) => [child, late] as const))) {
      // Past its deadline nobody waits for this attempt any more, and the next one may be under way.
      if (left.length === 0 || context.signal.aborted) break;
      const due = left.filter((parcel) => {
        const { refused, late } = this.#notes.get(parcel) ?? {};
        return !refused?.has(child) && (late?.has(child) ?? false) === isLate;
      });
      if (due.length === 0) continue;
      const answers = await child.ask(due, context);
      const refused = new Set(left);
      due.forEach((parcel, index) => {
        const { error, ...accepted } = answers[index] ?? { channel: parcel.channel };
        if (error !== undefined && mayGoOn(error, parcel)) {
          const errors = said.get(parcel);
          if (errors === undefined) said.set(parcel, new Map([[child, error]]));
          else errors.set(child, error);
          return;
        }
        refused.delete(parcel);
        if (error === undefined) outcomes.set(parcel, accepted);
        else {
          this.#notes.set(parcel, { stays: child });
          outcomes.set(parcel, { channel: parcel.channel, error });
        }
      });
      left = [...refused];
    }
    if (left.length > 0) this.#refuse(left, order, said, outcomes);
  }

  /** Gives up on channels that no backend accepted, and remembers who need not be asked again. */
  #refuse(
    parcels: readonly AddressedMessage[],
    order: readonly Child[],
    said: ReadonlyMap<AddressedMessage, ReadonlyMap<Child, PushError>>,
    outcomes: Map<AddressedMessage, Outcome>,
  ): void {
    let before: { refusals: readonly Refusal[]; error: PushError } | undefined;
    const out = new Map(order.map((child) => [child, leftOut(child)]));
    for (const parcel of parcels) {
      const errors = new Map([...(this.#notes.get(parcel)?.refused ?? []), ...(said.get(parcel) ?? [])]);
      const refusals = order.flatMap((child) => {
        const error = errors.get(child);
        return error === undefined ? (out.get(child) ?? []) : { label: child.label, error };
      });
      // One error can stand for 100 000 channels.
      const isSame = before?.refusals.every(({ error }, index) => error === refusals[index]?.error) ?? false;
      if (before === undefined || !isSame) before = { refusals, error: compositeError(this.#name, refusals) };
      const { error } = before;
      if (error.retryable) {
        const refused = new Map([...errors].filter(([, failure]) => !failure.retryable));
        const late = [...errors].flatMap(([child, { code }]) => (code === 'TIMEOUT' ? [child] : []));
        this.#notes.set(parcel, { refused, late: new Set([...(this.#notes.get(parcel)?.late ?? []), ...late]) });
      }
      outcomes.set(parcel, { channel: parcel.channel, error });
    }
  }
}

/** Whether another backend may be asked: this one did not deliver, or whoever receives it twice can tell. */
function mayGoOn(error: PushError, { message }: AddressedMessage): boolean {
  return outcomeOf(error) === 'rejected' || message.idempotencyKey !== undefined;
}
