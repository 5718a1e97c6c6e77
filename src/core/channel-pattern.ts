import { ConfigurationError } from './errors.js';

/** The names of the parameters in a pattern, without the `*`. */
type ParameterName<Pattern extends string> = Pattern extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `${infer Stem}*` ? Stem : Name) | ParameterName<Rest>
  : never;

/** The values of a pattern's parameters: `{ orderId: string }` for `'private-orders.{orderId}'`. */
export type ChannelParams<Pattern extends string> = string extends Pattern
  ? Readonly<Record<string, string>>
  : { readonly [Name in ParameterName<Pattern>]: string };

/**
 * Stand for parameters, and for the end, in {@link ChannelPattern.exactness}. They sort after every character of a
 * channel name.
 */
const PARAMETER = '\ufffe';
const REST_PARAMETER = '\uffff';
const END = '\uffff';

/**
 * Whether a name is a wildcard, such as PubNub's `orders.*`. Whoever may subscribe to a wildcard hears every channel
 * that it covers.
 */
export function isWildcard(channel: string): boolean {
  return channel.includes('*');
}

/**
 * A pattern of channel names. `{parameter}` matches one or more characters, but no dot; `{parameter*}` matches dots
 * too. Neither matches a `*`, so a rule allows a wildcard only when its own pattern holds that `*`.
 */
export class ChannelPattern {
  readonly text: string;
  /**
   * The sort key of a pattern. Of two patterns that match a channel, the more exact one has the smaller key: at their
   * first difference, it has a character and the other a parameter. Patterns that differ only in the names of their
   * parameters have the same key.
   */
  readonly exactness: string;
  /** Literal texts and parameters, in turn. */
  readonly #parts: readonly string[];
  /** The names of its parameters. */
  readonly names: readonly string[];

  /** @throws ConfigurationError for a text that is no pattern */
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
    this.names = names;
  }

  /**
   * Returns the parameters' values, or undefined when the channel does not match. Earlier parameters take as many
   * characters as they can.
   */
  match(channel: string): Readonly<Record<string, string>> | undefined {
    const values = this.#valuesFrom(0, channel, 0, new Set());
    return values && Object.fromEntries(this.names.map((name, index) => [name, values[index] ?? '']));
  }

  /**
   * Matches the rest of the pattern, from a part on, with the rest of the channel, from a position on.
   * @param misfits rests that are known not to match. Without them, a channel that fails only at its end would take
   * exponential time.
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

/** Most characters that a parameter may match at the beginning of a text. */
function longest(parameter: string, text: string): number {
  const end = text.search(parameter.endsWith('*') ? /[*]/ : /[.*]/);
  return end < 0 ? text.length : end;
}

function problemOf(parts: readonly string[], names: readonly string[]): string | undefined {
  const literals = parts.filter((_, index) => !isParameter(index));
  if (literals.some((literal) => /[{}]/.test(literal)))
    return 'has a brace that belongs to no parameter: write a parameter as "{name}", or as "{name*}" when it may hold dots';
  if (literals.slice(1, -1).includes('')) return 'has two parameters with no character between them';
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `has the parameter "${twice}" twice`;
}
