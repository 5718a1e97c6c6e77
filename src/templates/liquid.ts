import { loadPeer } from '../core/peer.js';
import type {
  FilterHandler,
  Liquid,
  LiquidContext,
  LiquidEmitter,
  LiquidFilter,
  LiquidModule,
  LiquidPart,
} from './liquid-types.js';
import { meteredFilter, metersOutput, meterValue, textOf } from './metering.js';

/** Longest text of a template, in characters: LiquidJS' `parseLimit`. */
export const MOST_SOURCE = 100_000;
/** Longest time that one rendering of a template may take, in milliseconds: LiquidJS' `renderLimit`. */
export const MOST_MS = 1_000;
/**
 * Most that one rendering of a template may make, in characters and list items, its output included: LiquidJS'
 * `memoryLimit`.
 */
export const MOST_MADE = 1_000_000;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

/** Tags that read other templates, of which there are none. */
const readingTags = ['include', 'render', 'layout', 'block'] as const;
/** Filters whose result is escaped already: it is not escaped again. */
const escapingFilters: readonly string[] = ['escape', 'xml_escape', 'escape_once'];
/** Filters that parse one of their arguments as Liquid when they run, and it may be what a user wrote. */
const parsingFilters = ['where_exp', 'reject_exp', 'group_by_exp', 'has_exp', 'find_exp', 'find_index_exp'] as const;

/** Whether what a text outputs is escaped. */
export type Escaping = 'none' | 'html';

/** Parses and renders texts, bounded, and without any access to files. */
export class LiquidEngine {
  readonly #module: LiquidModule;
  readonly #liquid: Readonly<Record<Escaping, Liquid>>;

  /** @throws ConfigurationError when LiquidJS is not installed */
  constructor() {
    this.#module = loadPeer<LiquidModule>('liquidjs', 'A template');
    this.#liquid = { none: this.#make({}), html: this.#make({ outputEscape: this.#escape() }) };
  }

  /** @throws whatever LiquidJS throws for a text that it cannot parse */
  parse(text: string, escaping: Escaping): readonly LiquidPart[] {
    return this.#liquid[escaping].parse(text);
  }

  /** Whether a text is one `{{ output }}` and nothing else. */
  isSingleOutput(parts: readonly LiquidPart[]): boolean {
    return parts.length === 1 && parts[0]?.token.kind === this.#module.TokenKind.Output;
  }

  /**
   * Makes what a text is rendered with.
   * @param values the variables
   * @param shared the context of another text of the same rendering, with which it shares the limits
   */
  context(
    escaping: Escaping,
    values: object,
    locale: string | undefined,
    shared: LiquidContext | undefined,
  ): LiquidContext {
    const { Context } = this.#module;
    const liquid = this.#liquid[escaping];
    // A copy, because `increment` writes into it, and without a prototype, because names are looked up with `in`.
    const environment: object = Object.assign(Object.create(null), values);
    const options = locale === undefined ? liquid.options : { ...liquid.options, locale };
    const limits = shared && { memoryLimit: shared.memoryLimit, renderLimit: shared.renderLimit };
    return new Context(environment, options, { sync: true }, { ...limits, liquid });
  }

  /** Renders a text that was parsed with the same escaping. @throws whatever LiquidJS throws */
  render(
    parts: readonly LiquidPart[],
    context: LiquidContext,
    { escaping, keepsType }: { readonly escaping: Escaping; readonly keepsType: boolean },
  ): unknown {
    const { toValueSync, toValue } = this.#module;
    if (!keepsType) return toValueSync(this.#liquid[escaping].renderer.renderTemplates(parts, context));
    const emitter: LiquidEmitter = {
      buffer: '',
      write(value) {
        this.buffer = toValue(value);
      },
    };
    toValueSync(this.#liquid[escaping].renderer.renderTemplates(parts, context, emitter));
    meterValue(emitter.buffer, context);
    return emitter.buffer;
  }

  #make(more: object): Liquid {
    const liquid = new this.#module.Liquid({
      // With it, no file system is asked.
      templates: {},
      strictVariables: true,
      strictFilters: true,
      // `{% if name %}` and `{{ name | default: 'you' }}` may ask for what is not there.
      lenientIf: true,
      ownPropertyOnly: true,
      parseLimit: MOST_SOURCE,
      renderLimit: MOST_MS,
      memoryLimit: MOST_MADE,
      ...more,
    });
    for (const name of readingTags) delete liquid.tags[name];
    for (const name of parsingFilters) delete (liquid.filters as Record<string, LiquidFilter>)[name];
    for (const [name, filter] of Object.entries(liquid.filters))
      liquid.registerFilter(name, meteredFilter(escapingFilters.includes(name) ? asRaw(filter) : filter, MOST_MADE));
    const { renderer } = liquid;
    renderer.renderTemplates = metersOutput(renderer.renderTemplates.bind(renderer), this.#module.toValue);
    return liquid;
  }

  #escape(): FilterHandler {
    const { toValue } = this.#module;
    return function (value) {
      const text = textOf(value, toValue);
      this.context.memoryLimit.use(text.length);
      return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
    };
  }
}

function asRaw(filter: LiquidFilter): LiquidFilter {
  return { raw: true, handler: typeof filter === 'function' ? filter : filter.handler };
}
