import { ValidationError } from './errors.js';

/**
 * Holds the name of a channel or event against the rule of the backend.
 * @throws ValidationError
 */
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
  // Not test(): a pattern with the flag g would begin where it ended the last time.
  if (name.search(rule.pattern) < 0 || !name.isWellFormed()) {
    throw new ValidationError(
      `The ${what} ${JSON.stringify(name)} has characters that the ${backend} backend does not take; it takes ${rule.allowed}.`,
      { backend },
    );
  }
}

/**
 * Holds the size of an event's encoded payload against the limit of the backend, in UTF-8 bytes.
 * @throws ValidationError
 */
export function checkSize(payload: string, limit: number, backend: string): void {
  // A UTF-16 code unit takes three bytes at most: short texts need no count.
  if (payload.length * 3 <= limit) return;
  const bytes = Buffer.byteLength(payload);
  if (bytes > limit) {
    throw new ValidationError(
      `"data" takes ${bytes} bytes as JSON; the ${backend} backend takes ${limit}. Send less, or send a reference that the receiver fetches.`,
      { backend },
    );
  }
}

/** Which names a backend takes for its channels or events. */
export interface NameRule {
  readonly pattern: RegExp;
  /** In characters (UTF-16 code units). */
  readonly maxLength: number;
  /** The rule in words, for the error message: `letters, digits and _ - = @ , . ;`. */
  readonly allowed: string;
}
