import type { AboutBackend } from '../contract/about.js';
import type { BackendSettings } from '../contract/settings.js';
import type { AnyBackend } from '../contract/wrapper.js';
import type { CompositeOptions } from './options.js';
import { RoutingToOne } from './routing-to-one.js';
import { CompositeService } from './service.js';

export type { CircuitOptions, CompositeOptions } from './options.js';
export type { CompositeService } from './service.js';

/**
 * The `failover` backend: sends through the first of several. It goes on to the next one with what the first refused,
 * or could not be reached with. After an unknown outcome it does not go on, because the message could arrive twice,
 * unless the message has an `idempotencyKey`.
 */
export class FailoverService extends CompositeService {
  /** @internal */
  static readonly about: AboutBackend = {
    purpose: 'the next backend when one refuses',
    needs: 'two backends or more',
    guide: 'docs/backends/composites.md',
  };

  /** @throws ConfigurationError when an option is wrong */
  constructor(settings: BackendSettings<CompositeOptions>) {
    super(settings, 'failover', (name, children) => new RoutingToOne(name, () => children));
  }
}

/**
 * Makes several backends into one that goes on to the next when one refuses. For other circuit options than the
 * defaults write `new FailoverService({ options })`.
 * @param backends two or more, the preferred one first
 * @example
 * createPushService({ backend: failover(new PusherService(primary), new WebSocketService(fallback)) });
 */
export function failover(...backends: AnyBackend[]): FailoverService {
  return new FailoverService({ options: { backends } });
}
