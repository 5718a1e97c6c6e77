import { MAX_TIMEOUT_MS } from '../wire/timers.js';
import { ValidationError } from './errors.js';

/** @throws ValidationError for anything but a number of milliseconds that a timer takes */
export function checkTimeout(timeout: unknown): void {
  if (typeof timeout === 'number' && timeout >= 1 && timeout <= MAX_TIMEOUT_MS) return;
  const found = typeof timeout === 'number' ? timeout : `a value of type ${typeof timeout}`;
  throw new ValidationError(`"timeout" must be a number of milliseconds from 1 to ${MAX_TIMEOUT_MS}, not ${found}.`);
}
