import { ValidationError } from '../errors.js';

/** How long a session lives that has no time of its own, where it is kept beyond the process: 24 hours, in milliseconds. */
export const DEFAULT_TTL_MS: number = 24 * 60 * 60 * 1000;

/** @throws ValidationError for a time to live that is no number above 0 */
export function checkedTtl(ttl: number): number {
  if (typeof ttl !== 'number')
    throw new ValidationError(`"ttl" must be a number of milliseconds, not a value of type ${typeof ttl}.`);
  if (!(ttl > 0)) throw new ValidationError(`"ttl" must be a number of milliseconds above 0, not ${ttl}.`);
  return ttl;
}
