import { PushError, ValidationError } from '../core/errors.js';
import { MOST_MADE, MOST_MS, MOST_SOURCE } from './liquid.js';
import type { LiquidToken } from './liquid-types.js';
import { TextFault } from './metering.js';

/** Where a text stands. */
export interface TextPlace {
  readonly slug: string;
  /** 0 in code, undefined before it is saved. */
  readonly version: number | undefined;
  /** The locale that it is of; undefined for the texts of every other language. */
  readonly locale: string | undefined;
  /** Such as `body`, or `data.items[0]`. */
  readonly field: string;
}

/** What LiquidJS throws. */
interface LiquidFailure extends Error {
  readonly token?: LiquidToken | undefined;
  readonly originalError?: unknown;
}

type LiquidCause = Error & { readonly variableName?: string };

/** Longest piece of a template in an error, in characters. */
const NEAR = 60;

const limits: Readonly<Record<string, string>> = {
  'parse length limit exceeded': `is longer than ${MOST_SOURCE} characters`,
  'template render limit exceeded': `takes longer than ${MOST_MS} ms`,
  'memory alloc limit exceeded': `makes more than ${MOST_MADE} characters and list items`,
};

/** What filters say of values, in LiquidJS' words. */
const renderFaults: Readonly<Record<string, string>> = {
  'invalid base64 provided to base64_decode': 'it decodes what is not Base64',
  'append expect 2 arguments': '"append" takes one argument',
  'prepend expect 2 arguments': '"prepend" takes one argument',
};

/** The place in words: `The template "welcome" (version 3), "body" in "de"`. */
export function placeText({ slug, version, locale, field }: TextPlace): string {
  const which = version === undefined ? '' : version === 0 ? ' (from code)' : ` (version ${version})`;
  return `The template "${slug}"${which}, "${field}"${locale === undefined ? '' : ` in "${locale}"`}`;
}

/** The error for a text that is no Liquid. It shows what stands in the template, in one line. */
export function parseError(error: unknown, place: TextPlace): PushError {
  return textError(error, place, ({ message }) => {
    const filter = /^undefined filter: (.*)$/su.exec(message)?.[1];
    if (filter !== undefined) return `there is no filter "${filter}"`;
    const tag = /^tag "(.*)" not found$/su.exec(message)?.[1];
    if (tag !== undefined) return `there is no tag "${tag}"`;
    return message.replace(/, line:\d+, col:\d+$/, '');
  });
}

/**
 * The error for a text that cannot be rendered. It shows what stands in the template, in one line, and nothing of the
 * context, whose getters and texts may say anything: so it has no cause either.
 */
export function renderError(error: unknown, place: TextPlace): PushError {
  return textError(error, place, ({ message, variableName }, token) => {
    if (variableName !== undefined) return missing(variableName, token);
    return renderFaults[message] ?? 'a value of the context cannot be read, or cannot be written as a text';
  });
}

function textError(
  error: unknown,
  place: TextPlace,
  reasonOf: (error: LiquidCause, token: LiquidToken | undefined) => string,
): PushError {
  if (PushError.isPushError(error)) return error;
  const { token, originalError = error } = (error instanceof Error ? error : new Error()) as LiquidFailure;
  const reason = commonReason(originalError) ?? reasonOf(originalError as LiquidCause, token);
  const [line, column] = token?.getPosition() ?? [];
  const at = line === undefined ? '' : `, line ${line}, column ${column}`;
  const near = token === undefined ? '' : `, near "${excerpt(token)}"`;
  return new ValidationError(inOneLine(`${placeText(place)}${at}: ${reason}${near}.`));
}

/** What may go wrong in parsing and in rendering. */
function commonReason(error: unknown): string | undefined {
  if (!(error instanceof Error)) return 'it failed';
  if (error instanceof TextFault) return `it ${error.message}`;
  if (error instanceof RangeError && /call stack/.test(error.message))
    return 'it is nested too deeply, or refers back to itself';
  const limit = limits[error.message];
  return limit && `it ${limit}`;
}

/** The name of a variable may be made of values of the context, as in `{{ prices[secret] }}`. */
function missing(name: string, token: LiquidToken | undefined): string {
  const isOfTemplate = name.split('.').every((part) => token?.input.includes(part));
  return isOfTemplate ? `the context has no "${name}"` : 'the context has not what it names';
}

function inOneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ');
}

/** What stands around a part of a text, within its line. */
function excerpt(token: LiquidToken): string {
  const [line, column] = token.getPosition();
  const whole = token.input.split('\n')[line - 1] ?? '';
  const begin = Math.max(0, column - 1 - NEAR / 3);
  const end = begin + NEAR;
  return `${begin > 0 ? '…' : ''}${whole.slice(begin, end).trim()}${end < whole.length ? '…' : ''}`;
}
