import { outcomeOf, type PushError } from '../../core/errors.js';
import type { AddressedMessage } from '../../wire/message.js';
import type { Outcome } from '../contract/make-request.js';
import type { RequestContext } from '../contract/request.js';
import type { Child } from './child.js';
import { type ChildRefusal, compositeError } from './errors.js';
import { candidatesOf, leftOut, RouteNotes, type Routing } from './routing.js';

/** The state of one message for one channel after an attempt that failed. */
interface Note {
  /** The backend that may have delivered the message. No other one gets it. */
  readonly onlyFor?: Child;
  /** Backends that refused the message for good. They are not asked again. */
  readonly refused?: ReadonlyMap<Child, PushError>;
  /** Backends that could not be reached in time. They are asked after the others. */
  readonly late?: ReadonlySet<Child>;
}

/** One message's errors so far, by the backend that failed. */
type ErrorsByChild = ReadonlyMap<Child, PushError>;

/**
 * Sends each message through one backend of several. A message that one refuses, or is not reached with, goes on to the
 * next.
 */
export class RoutingToOne implements Routing {
  readonly sendsToAll = false;
  readonly #composite: string;
  readonly #order: () => readonly Child[];
  readonly #notes = new RouteNotes<Note>();

  /**
   * @param composite its name, for errors
   * @param order gives the backends for the next request, the one to ask first at the beginning
   */
  constructor(composite: string, order: () => readonly Child[]) {
    this.#composite = composite;
    this.#order = order;
  }

  async route(messages: readonly AddressedMessage[], context: RequestContext): Promise<readonly Outcome[]> {
    const order = this.#order();
    const bound = new Map<Child, AddressedMessage[]>();
    const free: AddressedMessage[] = [];
    for (const message of messages) {
      const child = this.#notes.get(message)?.onlyFor;
      const others = child === undefined ? free : bound.get(child);
      if (others !== undefined) others.push(message);
      else if (child !== undefined) bound.set(child, [message]);
    }
    const outcomes = new Map<AddressedMessage, Outcome>();
    await Promise.all([
      ...[...bound].map(async ([child, own]) => {
        const answers = await child.request(own, context);
        own.forEach((message, index) => void outcomes.set(message, answers[index] ?? { channel: message.channel }));
      }),
      this.#requestInOrder(order, free, context, outcomes),
    ]);
    return messages.map((message) => outcomes.get(message) ?? { channel: message.channel });
  }

  /** Asks one backend after the other, each with what those before it refused. */
  async #requestInOrder(
    order: readonly Child[],
    messages: readonly AddressedMessage[],
    context: RequestContext,
    outcomes: Map<AddressedMessage, Outcome>,
  ): Promise<void> {
    const candidates = candidatesOf(order);
    const errors = new Map<AddressedMessage, Map<Child, PushError>>();
    let left = messages;
    for (const [child, isLate] of [false, true].flatMap((late) => candidates.map((child) => [child, late] as const))) {
      // After its deadline nobody waits for this attempt any more, and the next one may be under way.
      if (left.length === 0 || context.signal.aborted) break;
      const due = left.filter((message) => {
        const { refused, late } = this.#notes.get(message) ?? {};
        return !refused?.has(child) && (late?.has(child) ?? false) === isLate;
      });
      if (due.length === 0) continue;
      const answers = await child.request(due, context);
      const refused = new Set(left);
      due.forEach((message, index) => {
        const { error, ...accepted } = answers[index] ?? { channel: message.channel };
        if (error !== undefined && mayGoOn(error, message)) {
          const own = errors.get(message);
          if (own === undefined) errors.set(message, new Map([[child, error]]));
          else own.set(child, error);
          return;
        }
        refused.delete(message);
        if (error === undefined) outcomes.set(message, accepted);
        else {
          this.#notes.set(message, { onlyFor: child });
          outcomes.set(message, { channel: message.channel, error });
        }
      });
      left = [...refused];
    }
    if (left.length > 0) this.#refuse(left, order, errors, outcomes);
  }

  /** Gives up on messages that no backend accepted, and notes which backends need not be asked again. */
  #refuse(
    messages: readonly AddressedMessage[],
    order: readonly Child[],
    errors: ReadonlyMap<AddressedMessage, ErrorsByChild>,
    outcomes: Map<AddressedMessage, Outcome>,
  ): void {
    const notAsked = new Map(order.map((child) => [child, leftOut(child)]));
    let last: { refusals: readonly ChildRefusal[]; error: PushError } | undefined;
    for (const message of messages) {
      const before = this.#notes.get(message);
      const own = new Map([...(before?.refused ?? []), ...(errors.get(message) ?? [])]);
      const refusals = order.flatMap((child) => {
        const error = own.get(child);
        return error === undefined ? (notAsked.get(child) ?? []) : { label: child.label, error };
      });
      // One error can stand for 100 000 channels.
      const isSame = last?.refusals.every(({ error }, index) => error === refusals[index]?.error) ?? false;
      if (last === undefined || !isSame) last = { refusals, error: compositeError(this.#composite, refusals) };
      const { error } = last;
      if (error.retryable) {
        const refused = new Map([...own].filter(([, failure]) => !failure.retryable));
        const late = [...own].flatMap(([child, { code }]) => (code === 'TIMEOUT' ? [child] : []));
        this.#notes.set(message, { refused, late: new Set([...(before?.late ?? []), ...late]) });
      }
      outcomes.set(message, { channel: message.channel, error });
    }
  }
}

/**
 * Whether another backend may be asked: this one did not deliver the message, or its receivers can tell when they get
 * it twice.
 */
function mayGoOn(error: PushError, { message }: AddressedMessage): boolean {
  return outcomeOf(error) === 'rejected' || message.idempotencyKey !== undefined;
}
