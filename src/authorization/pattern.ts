import { ConfigurationError } from '../core/errors.js';

/** The names of the parameters in a pattern; a `*` is no part of them. */
type ParameterName<Pattern extends string> = Pattern extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `${infer Stem}*` ? Stem : Name) | ParameterName<Rest>
  : never;

/** What stands for the parameters of a pattern: `'private-orders.{orderId}'` has `{ orderId: string }`. */
export type ChannelParams<Pattern extends string> = string extends Pattern
  ? Readonly<Record<string, string>>
  : { readonly [Name in ParameterName<Pattern>]: string };

/** In place of parameters, and at the end, in {@link ChannelPattern.exactness}: greater than any character of a channel's name. */
const PARAMETER = '\ufffe';
const REST_PARAMETER = '\uffff';
const END = '\uffff';

/** Whether a name is a wildcard, as PubNub's `orders.*` is: leave to subscribe to it is leave for all channels that it stands for. */
export function isWildcard(channel: string): boolean {
  return channel.includes('*');
}

/**
 * Which channels a rule is for: a name in which `{parameter}` stands for one or more characters without a dot, and `{parameter*}` for
 * any characters; neither stands for a `*`, so that a wildcard needs a rule that names it.
 */
export class ChannelPattern {
  readonly text: string;
  /**
   * Of two patterns that fit the same channel, the one whose text this is the smaller fits it more exactly: where they differ first, it has
   * a character and the other a parameter. Equal for patterns that differ in nothing but the names of their parameters.
   */
  readonly exactness: string;
  /** Literal text and parameters take turns. */
  readonly #parts: readonly string[];
  readonly #names: readonly string[];

  /** @throws ConfigurationError when it is none */
  constructor(text: string) {
    if (typeof text !== 'string' || text === '')
      throw new ConfigurationError('A pattern of channels must be a string, such as "private-orders.{orderId}".');
    const parts = text.split(/\{([A-Za-z_]\w*\*?)\}/);
    const parameters = parts.filter((_, index) => isParameter(index));
    const names = parameters.map((parameter) => parameter.replace('*', ''));
    const problem = problemOf(parts, names);
    if (problem !== undefined) throw new ConfigurationError(`The pattern "${text}" ${problem}.`);
    this.text = text;
    this.exactness = parts.map((part, index) => (isParameter(index) ? placeholder(part) : part)).join('') + END;
    this.#parts = parts;
    this.#names = names;
  }

  /** The parameters, where the channel fits. Each stands for as much as it can, the first before the others. */
  match(channel: string): Readonly<Record<string, string>> | undefined {
    const values = this.#valuesFrom(0, channel, 0, new Set());
    return values && Object.fromEntries(this.#names.map((name, index) => [name, values[index] ?? '']));
  }

  /**
   * What the parameters from a part on stand for, where those parts fit the channel from a position on.
   * @param misfits the rests that are known not to fit: without them, a channel that fits in many ways but for its end takes years
   */
  #valuesFrom(part: number, channel: string, start: number, misfits: Set<string>): readonly string[] | undefined {
    const [literal = '', parameter] = this.#parts.slice(part);
    const first = start + literal.length;
    if (!channel.startsWith(literal, start)) return undefined;
    if (parameter === undefined) return first === channel.length ? [] : undefined;
    for (let end = first + longest(parameter, channel.slice(first)); end > first; end--) {
      const rest = `${part + 2} ${end}`;
      const values = misfits.has(rest) ? undefined : this.#valuesFrom(part + 2, channel, end, misfits);
      if (values !== undefined) return [channel.slice(first, end), ...values];
      misfits.add(rest);
    }
    return undefined;
  }
}

function isParameter(index: number): boolean {
  return index % 2 === 1;
}

function placeholder(parameter: string): string {
  return parameter.endsWith('*') ? REST_PARAMETER : PARAMETER;
}

/** How many characters a parameter may stand for at the beginning of a text. */
function longest(parameter: string, text: string): number {
  const end = text.search(parameter.endsWith('*') ? /[*]/ : /[.*]/);
  return end < 0 ? text.length : end;
}

function problemOf(parts: readonly string[], names: readonly string[]): string | undefined {
  const literals = parts.filter((_, index) => !isParameter(index));
  if (literals.some((literal) => /[{}]/.test(literal)))
    return 'has a brace that belongs to no parameter: a parameter is "{name}", or "{name*}" where it may hold dots';
  if (literals.slice(1, -1).includes('')) return 'has two parameters without a character between them';
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `has the parameter "${twice}" twice`;
}
