import { ValidationError } from './errors.js';
import { didYouMean } from './schema-check.js';

/** What takes back a call that lasts, such as a listener or a rule. */
export interface Lasting {
  /**
   * Takes back what the call did, when it fires. A signal that has fired already leaves the call without effect.
   * @default it lasts
   */
  readonly signal?: AbortSignal | undefined;
}

/** @throws ValidationError for a signal that is none */
export function checkSignal(signal: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new ValidationError('"signal" must be an AbortSignal.');
}

/**
 * Checks the names in the options of a call.
 * @param call names it in an error, such as `send()`
 * @param advice says what to write in place of a name that others know, by that name. Such a name says nothing where
 * its value is undefined
 * @throws ValidationError for options that are no object, and for a name that is not known
 */
export function checkOptionNames(
  options: object,
  known: readonly string[],
  call: string,
  advice: Readonly<Record<string, string>> = {},
): void {
  if (typeof options !== 'object' || options === null)
    throw new ValidationError(`The options of ${call} must be an object.`);
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const isAdvised = Object.hasOwn(advice, key);
    if (isAdvised && Reflect.get(options, key) === undefined) continue;
    const meant = isAdvised ? `: ${advice[key]}.` : didYouMean(key, known);
    throw new ValidationError(`${call} has no option "${key}"${meant}`);
  }
}

/**
 * Calls a function when a signal fires.
 * @returns a function that makes the signal forget it
 */
export function whenAborted(signal: AbortSignal | undefined, takeBack: () => void): () => void {
  signal?.addEventListener('abort', takeBack, { once: true });
  return () => signal?.removeEventListener('abort', takeBack);
}
