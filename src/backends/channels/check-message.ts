import { isSocketId } from '../../channels-protocol/names.js';
import { ValidationError } from '../../errors.js';
import { didYouMean } from '../../spelling.js';
import type { BackendMessageOptions } from '../request.js';

/**
 * @param known the keys of `backendOptions` that the backend takes
 * @throws ValidationError for an `except` that is no socket id, and for an unknown key of `backendOptions`
 */
export function checkMessage(
  { except, backendOptions }: BackendMessageOptions,
  backend: string,
  known: readonly string[],
): void {
  if (except !== undefined && !isSocketId(except)) {
    throw new ValidationError('"except" must be a socket id such as "1234.5678", or a request that carries one.');
  }
  const unknown = Object.keys(backendOptions ?? {}).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new ValidationError(
    known.length === 0
      ? `The ${backend} backend takes no "backendOptions", and was given "${unknown}": leave it out.`
      : `The ${backend} backend has no "backendOptions" key "${unknown}"${didYouMean(unknown, known)}`,
    { backend },
  );
}
