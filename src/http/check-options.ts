import { ConfigurationError } from '../errors.js';
import { didYouMean } from '../spelling.js';

/**
 * Checks the names of a function's options, and those that must be functions.
 * @param others names of the options that are no functions
 * @throws ConfigurationError for one that is unknown or no function
 */
export function checkOptionNames(
  caller: string,
  options: object,
  functions: readonly string[],
  others: readonly string[],
): void {
  const known = [...functions, ...others];
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new ConfigurationError(`${caller} has no option "${unknown}"${didYouMean(unknown, known)}`);
  const isWrong = (value: unknown): boolean => value !== undefined && typeof value !== 'function';
  const wrong = functions.find((name) => isWrong(Reflect.get(options, name)));
  if (wrong !== undefined) throw new ConfigurationError(`${caller}: "${wrong}" must be a function.`);
}
