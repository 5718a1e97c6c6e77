import { ValidationError } from '../core/errors.js';
import type { Destination, Destinations } from './destination.js';
import type { SendOptions } from './send-options.js';

/** The option `backendOptions`, for each backend. */
export type OptionsByName = Readonly<Record<string, Record<string, unknown> | undefined>>;

/**
 * Reads the option `via`.
 * @returns the destinations that it names, each once; undefined when the message does not choose
 * @throws ValidationError for an empty list and for an unknown name
 */
export function destinationsVia(
  { via }: Pick<SendOptions, 'via'>,
  destinations: Destinations,
): readonly Destination[] | undefined {
  if (via === undefined) return undefined;
  const names: readonly unknown[] = Array.isArray(via) ? via : [via];
  if (names.length === 0) throw new ValidationError('"via" is empty: name at least one backend.');
  return [...new Set(names.map((name) => destinations.known(name, '"via"')))];
}

/**
 * Reads the option `backendOptions` of a service with several backends.
 * @throws ValidationError for an unknown name, and for options that are no object
 */
export function optionsByName(
  backendOptions: SendOptions['backendOptions'],
  destinations: Destinations,
): OptionsByName | undefined {
  if (backendOptions === undefined) return undefined;
  for (const [name, options] of Object.entries(backendOptions)) {
    if (destinations.named(name) === undefined)
      throw new ValidationError(
        `With several backends, "backendOptions" has the options of each by its name, such as { ${destinations.first.name}: { … } }: "${name}" is none of ${destinations.names.join(', ')}.`,
      );
    if (options !== undefined && (typeof options !== 'object' || options === null))
      throw new ValidationError(`"backendOptions.${name}" must be an object.`);
  }
  return Object.fromEntries(
    Object.entries(backendOptions as OptionsByName).map(([name, options]) => [name, options && { ...options }]),
  );
}
