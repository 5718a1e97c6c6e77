import * as z from 'zod/mini';
import { ConfigurationError } from '../../core/errors.js';
import { settingsCheck } from '../../core/schema-check.js';
import { whole } from '../../core/schema-parts.js';
import { MAX_TIMEOUT_MS } from '../../wire/timers.js';
import type { BackendSettings } from '../contract/settings.js';
import { type AnyBackend, PushServiceWrapper } from '../contract/wrapper.js';

/** Options that say when a backend is left out, and for how long. */
export interface CircuitOptions {
  /** Number of failures in a row after which a backend is left out: they open its circuit. @default 5 */
  failuresToOpen?: number | undefined;
  /** Time that a backend is left out before one request tries it again, in milliseconds. @default 60 000 */
  resetAfterMs?: number | undefined;
}

/** Options of `failover`, `roundrobin` and `fanout`. */
export interface CompositeOptions extends CircuitOptions {
  /** The backends that the composite is made of, in order: two or more instances. */
  backends: readonly AnyBackend[];
}

/** Options that have been checked, with the defaults filled in. */
export interface CheckedCompositeOptions {
  readonly backends: readonly AnyBackend[];
  readonly failuresToOpen: number;
  readonly resetAfterMs: number;
}

function buildSchema() {
  const instance = z.custom<AnyBackend>(PushServiceWrapper.isWrapper, {
    error: 'must be an instance of a backend, such as new ConsoleService()',
  });
  return z.strictObject({
    backends: z.array(instance).check(z.minLength(2, 'must name at least two backends')),
    failuresToOpen: z._default(whole(1), 5),
    resetAfterMs: z._default(whole(1, MAX_TIMEOUT_MS), 60_000),
  });
}

/**
 * Checks a composite's settings, and fills in defaults.
 * @param composite its name, for errors
 * @throws ConfigurationError for a wrong option, and for credentials, which belong to the backends within
 */
export function checkComposite(
  { options, ...credentials }: BackendSettings<CompositeOptions>,
  composite: string,
): CheckedCompositeOptions {
  const [key] = Object.entries(credentials).find(([, value]) => value !== undefined) ?? [];
  if (key !== undefined) {
    throw new ConfigurationError(
      `The ${composite} backend takes no "${key}" of its own: set it for each of its "backends".`,
      { backend: composite },
    );
  }
  return settingsCheck<CheckedCompositeOptions>(`The ${composite} backend's options`, buildSchema)(options ?? {});
}
