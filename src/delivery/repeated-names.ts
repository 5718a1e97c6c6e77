import type { TimeSlices } from '../core/time-slices.js';

/** Up to this many names are kept in a `Set` from the start. */
const FEW = 64;
/** Slots for each name, so that few share one by chance. */
const SLOTS_PER_NAME = 8;
/** Of a longer name, so many characters at its end tell it from others. */
const HASHED_CHARACTERS = 32;

/**
 * Finds the names of a list that come again. A `Set` of 100 000 names takes six times as long: as it grows it asks the
 * system for memory again and again, and each look-up misses the processor's cache. So it gets only those names that
 * share a slot of a small table with another one, which takes two bits a slot.
 */
export class RepeatedNames {
  /** The slot of each name; undefined for few names, as if all shared one. */
  readonly #slots: Uint32Array | undefined;
  /** In each byte four slots: that a name has come, and four bits higher, that another one has, or the same. */
  readonly #marks: Uint8Array;
  readonly #mask: number;
  readonly #seen = new Set<string>();

  private constructor(names: number) {
    const bits = names <= FEW ? 2 : Math.ceil(Math.log2(names * SLOTS_PER_NAME));
    this.#mask = 2 ** bits - 1;
    this.#marks = new Uint8Array(2 ** (bits - 2));
    this.#slots = names <= FEW ? undefined : new Uint32Array(names);
  }

  /** Looks at all names of a list. */
  static async in(names: readonly string[], slices: TimeSlices): Promise<RepeatedNames> {
    const repeated = new RepeatedNames(names.length);
    const slots = repeated.#slots;
    if (slots === undefined) return repeated;
    for (let index = 0; index < names.length; index++) {
      slots[index] = repeated.#mark(names[index]);
      if (slices.isOver) await slices.next();
    }
    return repeated;
  }

  /** Notes that a name has come. @returns its slot */
  #mark(name: unknown): number {
    const slot = hashOf(name) & this.#mask;
    const came = 1 << (slot & 3);
    const marks = this.#marks[slot >> 2] ?? 0;
    this.#marks[slot >> 2] = marks | (marks & came ? came << 4 : came);
    return slot;
  }

  /** Whether a name has not come before. Must be asked for each name of the list, in its order. */
  isFirst(index: number, name: string): boolean {
    if (this.#slots !== undefined) {
      const slot = this.#slots[index] ?? 0;
      const isAlone = ((this.#marks[slot >> 2] ?? 0) & (16 << (slot & 3))) === 0;
      if (isAlone) return true;
    }
    return this.#seen.size !== this.#seen.add(name).size;
  }
}

/** A hash of a name (FNV), 0 for anything but a text. */
function hashOf(name: unknown): number {
  if (typeof name !== 'string') return 0;
  let hash = name.length;
  for (let index = Math.max(0, name.length - HASHED_CHARACTERS); index < name.length; index++)
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
