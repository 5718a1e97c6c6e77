import { ValidationError } from './errors.js';

/** The longest that a timer of Node's can wait, in milliseconds; one that is set to more fires at once. Source: Node, `setTimeout`. */
export const MAX_TIMEOUT_MS: number = 2 ** 31 - 1;

/** @throws ValidationError for a timeout that is no number of milliseconds, or that no timer takes */
export function checkTimeout(timeout: unknown): void {
  if (typeof timeout === 'number' && timeout >= 1 && timeout <= MAX_TIMEOUT_MS) return;
  const found = typeof timeout === 'number' ? timeout : `a value of type ${typeof timeout}`;
  throw new ValidationError(`"timeout" must be a number of milliseconds from 1 to ${MAX_TIMEOUT_MS}, not ${found}.`);
}
