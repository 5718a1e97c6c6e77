import { ConfigurationError } from '../errors.js';

/** The names of the parameters in a pattern; a `*` is no part of them. */
type ParameterName<Pattern extends string> = Pattern extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `${infer Stem}*` ? Stem : Name) | ParameterName<Rest>
  : never;

/** What stands for the parameters of a pattern: `'private-orders.{orderId}'` has `{ orderId: string }`. */
export type ChannelParams<Pattern extends string> = { readonly [Name in ParameterName<Pattern>]: string };

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
  readonly #expression: RegExp;
  readonly #names: readonly string[];

  /** @throws ConfigurationError when it is none */
  constructor(text: string) {
    if (typeof text !== 'string' || text === '')
      throw new ConfigurationError('A pattern of channels must be a string, such as "private-orders.{orderId}".');
    // Literal text and parameters take turns.
    const parts = text.split(/\{([A-Za-z_]\w*\*?)\}/);
    const parameters = parts.filter((_, index) => isParameter(index));
    const names = parameters.map((parameter) => parameter.replace('*', ''));
    const problem = problemOf(parts, names);
    if (problem !== undefined) throw new ConfigurationError(`The pattern "${text}" ${problem}.`);
    this.text = text;
    this.exactness = parts.map((part, index) => (isParameter(index) ? placeholder(part) : part)).join('') + END;
    const expression = parts.map((part, index) => (isParameter(index) ? capture(part) : escaped(part)));
    this.#expression = new RegExp(`^${expression.join('')}$`);
    this.#names = names;
  }

  /** The parameters, where the channel fits. */
  match(channel: string): Readonly<Record<string, string>> | undefined {
    const found = this.#expression.exec(channel);
    return found === null
      ? undefined
      : Object.fromEntries(this.#names.map((name, index) => [name, found[index + 1] ?? '']));
  }
}

function isParameter(index: number): boolean {
  return index % 2 === 1;
}

function escaped(literal: string): string {
  return literal.replaceAll(/[\\^$.*+?()[\]|-]/g, '\\$&');
}

function placeholder(parameter: string): string {
  return parameter.endsWith('*') ? REST_PARAMETER : PARAMETER;
}

function capture(parameter: string): string {
  return parameter.endsWith('*') ? '([^*]+)' : '([^.*]+)';
}

function problemOf(parts: readonly string[], names: readonly string[]): string | undefined {
  const literals = parts.filter((_, index) => !isParameter(index));
  if (literals.some((literal) => /[{}]/.test(literal)))
    return 'has a brace that belongs to no parameter: a parameter is "{name}", or "{name*}" where it may hold dots';
  if (literals.slice(1, -1).includes('')) return 'has two parameters without a character between them';
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `has the parameter "${twice}" twice`;
}
