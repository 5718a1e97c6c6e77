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
  readonly originalError?: (Error & { readonly variableName?: string }) | undefined;
}

/** Longest piece of a template in an error, in characters. */
const NEAR = 60;

const limits: Readonly<Record<string, string>> = {
  'parse length limit exceeded': `is longer than ${MOST_SOURCE} characters`,
  'template render limit exceeded': `takes longer than ${MOST_MS} ms`,
  'memory alloc limit exceeded': `makes more than ${MOST_MADE} characters and list items`,
};

/** The place in words: `The template "welcome" (version 3), "body" in "de"`. */
export function placeText({ slug, version, locale, field }: TextPlace): string {
  const which = version === undefined ? '' : version === 0 ? ' (from code)' : ` (version ${version})`;
  return `The template "${slug}"${which}, "${field}"${locale === undefined ? '' : ` in "${locale}"`}`;
}

/** The error for a text that cannot be parsed or rendered. It shows the template, and nothing of the context. */
export function textError(error: unknown, place: TextPlace): PushError {
  if (PushError.isPushError(error)) return error;
  const where = placeText(place);
  if (error instanceof RangeError) {
    return new ValidationError(`${where}, is nested too deeply, or refers back to itself.`, { cause: error });
  }
  if (!(error instanceof Error)) return new ValidationError(`${where}, failed.`, { cause: error });
  const { token, originalError = error } = error as LiquidFailure;
  const [line, column] = token?.getPosition() ?? [];
  const at = line === undefined ? '' : `, line ${line}, column ${column}`;
  const near = token === undefined ? '' : `, near "${excerpt(token)}"`;
  return new ValidationError(`${where}${at}: ${reasonOf(originalError)}${near}.`, { cause: error });
}

function reasonOf(error: Error & { readonly variableName?: string }): string {
  const { message, variableName } = error;
  if (variableName !== undefined) return `the context has no "${variableName}"`;
  if (error instanceof TextFault) return `it ${message}`;
  if (error instanceof RangeError) return 'it is nested too deeply, or refers back to itself';
  const limit = limits[message];
  if (limit !== undefined) return `it ${limit}`;
  const filter = /^undefined filter: (.*)$/su.exec(message)?.[1];
  if (filter !== undefined) return `there is no filter "${filter}"`;
  const tag = /^tag "(.*)" not found$/su.exec(message)?.[1];
  if (tag !== undefined) return `there is no tag "${tag}"`;
  return message.replace(/, line:\d+, col:\d+$/, '');
}

/** What stands around a part of a text, within its line. */
function excerpt(token: LiquidToken): string {
  const [line, column] = token.getPosition();
  const whole = token.input.split('\n')[line - 1] ?? '';
  const begin = Math.max(0, column - 1 - NEAR / 3);
  const end = begin + NEAR;
  return `${begin > 0 ? '…' : ''}${whole.slice(begin, end).trim()}${end < whole.length ? '…' : ''}`;
}
