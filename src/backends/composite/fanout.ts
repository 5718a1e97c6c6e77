import type { AboutBackend } from '../contract/about.js';
import type { BackendSettings } from '../contract/settings.js';
import type { AnyBackend } from '../contract/wrapper.js';
import type { CompositeOptions } from './options.js';
import { RoutingToAll } from './routing-to-all.js';
import { CompositeService } from './service.js';

export type { CircuitOptions, CompositeOptions } from './options.js';
export type { CompositeService } from './service.js';

/** The `fanout` backend: sends through all of several at once. A channel is accepted when all of them accepted it. */
export class FanoutService extends CompositeService {
  /** @internal */
  static readonly about: AboutBackend = {
    purpose: 'several backends at once',
    needs: 'two backends or more',
    guide: 'docs/backends/composites.md',
  };

  /** @throws ConfigurationError when an option is wrong */
  constructor(settings: BackendSettings<CompositeOptions>) {
    super(settings, 'fanout', (name, children) => new RoutingToAll(name, children));
  }
}

/**
 * Makes several backends into one that sends through all of them. For other circuit options than the defaults write
 * `new FanoutService({ options })`.
 * @param backends two or more
 * @example
 * createPushService({ backend: fanout(new WebSocketService(pages), new OneSignalService(devices)) });
 */
export function fanout(...backends: AnyBackend[]): FanoutService {
  return new FanoutService({ options: { backends } });
}
