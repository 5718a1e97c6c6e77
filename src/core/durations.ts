import { ValidationError } from './errors.js';

/**
 * Longest time of a Node timer, in milliseconds. A timer with a longer time fires at once. Source: Node, `setTimeout`.
 */
export const MAX_TIMEOUT_MS: number = 2 ** 31 - 1;

/** @throws ValidationError for anything but a number of milliseconds that a timer takes */
export function checkTimeout(timeout: unknown): void {
  if (typeof timeout === 'number' && timeout >= 1 && timeout <= MAX_TIMEOUT_MS) return;
  const found = typeof timeout === 'number' ? timeout : `a value of type ${typeof timeout}`;
  throw new ValidationError(`"timeout" must be a number of milliseconds from 1 to ${MAX_TIMEOUT_MS}, not ${found}.`);
}
