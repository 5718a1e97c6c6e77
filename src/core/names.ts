import { ValidationError } from './errors.js';

/** The names that a backend takes for its channels or its events. */
export interface NameRule {
  readonly pattern: RegExp;
  /** In characters (UTF-16 code units), as the `length` of a string. */
  readonly maxLength: number;
  /** The pattern in words, for error messages: `letters, digits and _ - = @ , . ;`. */
  readonly allowed: string;
}

/** The id of a user: a number is the same user as its text. */
export type UserId = string | number | bigint;

/** The id of a user as text; undefined for anything that is no id. */
export function userIdText(id: unknown): string | undefined {
  if (typeof id === 'string') return id === '' ? undefined : id;
  return typeof id === 'bigint' || (typeof id === 'number' && Number.isFinite(id)) ? String(id) : undefined;
}

/** Whether a name keeps to a rule. */
export function keepsTo({ pattern, maxLength }: NameRule, name: string): boolean {
  // Not test(): with the flag g it would continue where it stopped the last time.
  return name !== '' && name.length <= maxLength && name.search(pattern) >= 0 && name.isWellFormed();
}

/** Checks the name of a channel or an event. @throws ValidationError when the backend does not take it */
export function checkName(name: unknown, what: 'channel' | 'event', rule: NameRule, backend: string): void {
  if (typeof name !== 'string')
    throw new ValidationError(
      `The ${what} must be a string, not ${name === null ? 'null' : `a value of type ${typeof name}`}.`,
    );
  if (name === '') throw new ValidationError(`The ${what} must not be an empty string.`);
  if (name.length > rule.maxLength) {
    throw new ValidationError(
      `The ${what} "${name.slice(0, 40)}…" has ${name.length} characters; the ${backend} backend takes ${rule.maxLength}.`,
      { backend },
    );
  }
  if (!keepsTo(rule, name)) {
    throw new ValidationError(
      `The ${what} ${JSON.stringify(name)} has characters that the ${backend} backend does not take; it takes ${rule.allowed}.`,
      { backend },
    );
  }
}

/**
 * Checks the size of an encoded payload.
 * @param limit in UTF-8 bytes
 * @throws ValidationError when it is larger
 */
export function checkSize(payload: string, limit: number, backend: string): void {
  // A UTF-16 code unit takes at most three bytes, so a short text needs no count.
  if (payload.length * 3 <= limit) return;
  const bytes = Buffer.byteLength(payload);
  if (bytes > limit) {
    throw new ValidationError(
      `"data" takes ${bytes} bytes as JSON; the ${backend} backend takes ${limit}. Send less, or send a reference that the receiver fetches.`,
      { backend },
    );
  }
}
