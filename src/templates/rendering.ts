import { ValidationError } from '../core/errors.js';
import { type Escaping, LiquidEngine } from './liquid.js';
import type { LiquidPart } from './liquid-types.js';
import { ParsedTexts } from './parsed-texts.js';
import { parseError, placeText, renderError, type TextPlace } from './text-errors.js';
import { faultOfUrl } from './url.js';

/** What a text is rendered with, and where it stands. */
export interface RenderingOf {
  readonly slug: string;
  readonly version: number | undefined;
  readonly context: object;
  readonly locale: string | undefined;
}

/** Renders texts, each of which it parses once. */
export class Renderer {
  readonly #engine: LiquidEngine = new LiquidEngine();
  readonly #parsed: Readonly<Record<Escaping, ParsedTexts>> = {
    none: new ParsedTexts((text) => this.#engine.parse(text, 'none')),
    html: new ParsedTexts((text) => this.#engine.parse(text, 'html')),
  };

  /** Parses a text. @throws ValidationError for one that is no Liquid */
  check(text: string, escaping: Escaping, place: TextPlace): void {
    this.#parse(text, escaping, place);
  }

  #parse(text: string, escaping: Escaping, place: TextPlace): readonly LiquidPart[] {
    try {
      return this.#parsed[escaping].get(text);
    } catch (error) {
      throw parseError(error, place);
    }
  }

  /**
   * Begins to render a template. Its texts share the limits.
   * @returns a function that renders one text. With `keepsType`, a single `{{ output }}` becomes its value
   */
  begin({ slug, version, context, locale }: RenderingOf): RenderText {
    let shared: ReturnType<LiquidEngine['context']> | undefined;
    return (text, { field, locale: of, escaping = 'none', keepsType = false }) => {
      if (!isLiquid(text)) return text;
      const place = { slug, version, field, locale: of };
      const parts = this.#parse(text, escaping, place);
      try {
        const values = this.#engine.context(escaping, context, locale, shared);
        shared ??= values;
        const keeps = keepsType && escaping === 'none' && this.#engine.isSingleOutput(parts);
        return this.#engine.render(parts, values, { escaping, keepsType: keeps });
      } catch (error) {
        throw renderError(error, place);
      }
    };
  }
}

let shared: Renderer | undefined;

/** What renders all templates of this process. @throws ConfigurationError when LiquidJS is not installed */
export function theRenderer(): Renderer {
  shared ??= new Renderer();
  return shared;
}

/** Where in a template a text stands, and how it is rendered. */
interface TextOptions {
  readonly field: string;
  /** The locale that the text is of. */
  readonly locale: string | undefined;
  readonly escaping?: Escaping;
  readonly keepsType?: boolean;
}

/** Renders one text. @throws ValidationError */
export type RenderText = (text: string, options: TextOptions) => unknown;

/** Whether there is anything to render in a text. */
function isLiquid(text: string): boolean {
  return text.includes('{{') || text.includes('{%');
}

/**
 * Walks through the texts in data.
 * @param visit gets each text with its path, and returns what takes its place
 * @param html the keys whose outputs are escaped
 * @throws ValidationError for data that is nested too deeply; whatever `visit` throws
 */
export function mapTexts(
  data: unknown,
  html: readonly string[],
  place: Omit<TextPlace, 'field'>,
  visit: (text: string, path: string, escaping: Escaping) => unknown,
): unknown {
  const walk = (value: unknown, path: string, escaping: Escaping, isTop: boolean): unknown => {
    if (typeof value === 'string') return visit(value, path, escaping);
    if (Array.isArray(value)) return value.map((item, index) => walk(item, `${path}[${index}]`, escaping, false));
    if (!isPlain(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        const own = isTop && html.includes(key) ? 'html' : escaping;
        return [key, walk(inner, `${path}.${key}`, own, false)];
      }),
    );
  };
  try {
    return walk(data, 'data', 'none', true);
  } catch (error) {
    throw renderError(error, { ...place, field: 'data' });
  }
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Checks an address after rendering.
 * @returns undefined for an empty one
 * @throws ValidationError for one that a notification must not open
 */
export function checkedUrl(url: string, place: TextPlace): string | undefined {
  if (url === '') return undefined;
  const fault = faultOfUrl(url);
  if (fault === undefined) return url;
  throw new ValidationError(`${placeText(place)}: the address ${fault}.`);
}
