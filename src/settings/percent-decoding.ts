import { ConfigurationError } from '../errors.js';

/**
 * @param key what the text is, for the error
 * @param what names the text that it is part of, for the error
 * @throws ConfigurationError that does not show the text
 */
export function decoded(text: string, key: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ConfigurationError(`${what}: the percent-encoding of "${key}" is broken; write a % as %25.`);
  }
}
