import type { Destination } from '../delivery/destination.js';
import type { Leg } from './addressing.js';
import type { LegEnd } from './leg-end.js';
import type { Routed } from './routing.js';

/** Knows by which backends messages have ended: a message is concluded once, when it has ended by all of its own. */
export class Legs {
  readonly #ends = new Map<Routed, LegEnd[]>();
  readonly #conclude: (held: Routed, ends: readonly LegEnd[]) => void;

  /** @param conclude takes each message once; one that goes by no backend at once */
  constructor(all: readonly Routed[], conclude: (held: Routed, ends: readonly LegEnd[]) => void) {
    this.#conclude = conclude;
    for (const held of all) {
      if (held.parts.length === 0) conclude(held, []);
      else this.#ends.set(held, []);
    }
  }

  /** The legs by their backends. */
  get byDestination(): ReadonlyMap<Destination, readonly Leg[]> {
    const legs = new Map<Destination, Leg[]>();
    for (const held of this.#ends.keys()) {
      for (const part of held.parts) {
        const own = legs.get(part.destination);
        if (own === undefined) legs.set(part.destination, [{ held, part }]);
        else own.push({ held, part });
      }
    }
    return legs;
  }

  /** Takes the end of a leg. */
  ended({ held }: Leg, end: LegEnd): void {
    const ends = this.#ends.get(held);
    if (ends === undefined) return;
    ends.push(end);
    if (ends.length < held.parts.length) return;
    this.#ends.delete(held);
    this.#conclude(held, held.parts.length === 1 ? ends : inOrder(held, ends));
  }
}

/** The ends in the order of the parts. */
function inOrder({ parts }: Routed, ends: readonly LegEnd[]): LegEnd[] {
  return parts.flatMap(({ destination }) => ends.filter((end) => end.destination === destination));
}
