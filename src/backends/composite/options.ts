import { z } from 'zod';
import { MAX_TIMEOUT_MS } from '../../core/durations.js';
import { ConfigurationError } from '../../core/errors.js';
import { settingsCheck } from '../../core/schema-check.js';
import { type AnyBackend, type BackendSettings, PushServiceWrapper } from '../contract/wrapper.js';

/** When a backend is left out, and for how long. */
export interface CircuitOptions {
  /** Failures of a backend in a row that open its circuit: it is left out from then on. @default 5 */
  failuresToOpen?: number | undefined;
  /** How long a backend is left out before one request tries it again, in milliseconds. @default 60 000 */
  resetAfterMs?: number | undefined;
}

/** Options of `failover`, `roundrobin` and `fanout`. */
export interface CompositeOptions extends CircuitOptions {
  /** The backends that it is made of, in order: two or more instances. */
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
    backends: z.array(instance).min(2, 'must name at least two backends'),
    failuresToOpen: z.number().int().min(1).default(5),
    resetAfterMs: z.number().int().min(1).max(MAX_TIMEOUT_MS).default(60_000),
  });
}

/**
 * @param composite the backend's name, for errors
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
