import type { Child } from './composite/child.js';
import type { CompositeOptions } from './composite/composite-options.js';
import { OneOfService } from './composite/one-of-service.js';
import type { AnyBackend, BackendSettings } from './push-service-wrapper.js';

export type { CircuitOptions, CompositeOptions } from './composite/composite-options.js';
export type { CompositeService } from './composite/composite-service.js';

/**
 * The `failover` backend: sends through the first of several, and goes on to the next one with what it refused or was never reached
 * with. After an unknown outcome it does not, for the message could arrive twice, unless it has an `idempotencyKey`.
 */
export class FailoverService extends OneOfService {
  /** @throws ConfigurationError when an option is wrong */
  constructor(settings: BackendSettings<CompositeOptions>) {
    super(settings, 'failover');
  }

  protected override order(): readonly Child[] {
    return this.children;
  }
}

/**
 * Makes the backends into one that goes on to the next when one refuses. For the circuit's options: `new FailoverService({ options })`.
 * @param backends two or more, the preferred one first
 */
export function failover(...backends: AnyBackend[]): FailoverService {
  return new FailoverService({ options: { backends } });
}
