import type { AboutBackend } from '../contract/about.js';
import type { AnyBackend, BackendSettings } from '../contract/wrapper.js';
import type { Child } from './child.js';
import { OneOfService } from './one-of-service.js';
import type { CompositeOptions } from './options.js';

export type { CircuitOptions, CompositeOptions } from './options.js';
export type { CompositeService } from './service.js';

/**
 * The `failover` backend: sends through the first of several, and goes on to the next one with what it refused or was never reached
 * with. After an unknown outcome it does not, for the message could arrive twice, unless it has an `idempotencyKey`.
 */
export class FailoverService extends OneOfService {
  static readonly about: AboutBackend = {
    purpose: 'the next backend when one refuses',
    needs: 'two backends or more',
    guide: 'docs/backends/composites.md',
  };

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
