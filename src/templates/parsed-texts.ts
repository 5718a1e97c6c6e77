import type { LiquidPart } from './liquid-types.js';

/** Most texts that stay parsed, and their characters together. */
const MOST_TEXTS = 1_000;
const MOST_CHARACTERS = 1_000_000;

type Parts = readonly LiquidPart[];

/**
 * Texts that were parsed, by themselves: the same text is parsed once, in whatever template and version it stands.
 * Those that were not used for the longest time are forgotten first.
 */
export class ParsedTexts {
  readonly #parse: (text: string) => Parts;
  readonly #texts = new Map<string, Parts>();
  #characters = 0;

  constructor(parse: (text: string) => Parts) {
    this.#parse = parse;
  }

  /** @throws whatever parsing throws */
  get(text: string): Parts {
    const known = this.#texts.get(text);
    if (known === undefined) return this.#keep(text);
    this.#texts.delete(text);
    this.#texts.set(text, known);
    return known;
  }

  #keep(text: string): Parts {
    const parts = this.#parse(text);
    this.#texts.set(text, parts);
    this.#characters += text.length;
    for (const oldest of this.#texts.keys()) {
      if (this.#texts.size <= MOST_TEXTS && this.#characters <= MOST_CHARACTERS) break;
      this.#texts.delete(oldest);
      this.#characters -= oldest.length;
    }
    return parts;
  }
}
