import { ValidationError } from './errors.js';
import type { NameRule } from './name-rule.js';

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
