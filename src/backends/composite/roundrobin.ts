import type { AboutBackend } from '../contract/about.js';
import type { BackendSettings } from '../contract/settings.js';
import type { AnyBackend } from '../contract/wrapper.js';
import type { Child } from './child.js';
import type { CompositeOptions } from './options.js';
import { RoutingToOne } from './routing-to-one.js';
import { CompositeService } from './service.js';

export type { CircuitOptions, CompositeOptions } from './options.js';
export type { CompositeService } from './service.js';

/**
 * The `roundrobin` backend: each request goes to the next of several in turn. What one refuses goes on as with
 * `failover`.
 */
export class RoundRobinService extends CompositeService {
  /** @internal */
  static readonly about: AboutBackend = {
    purpose: 'several backends in turn',
    needs: 'two backends or more',
    guide: 'docs/backends/composites.md',
  };

  /** @throws ConfigurationError when an option is wrong */
  constructor(settings: BackendSettings<CompositeOptions>) {
    super(settings, 'roundrobin', (name, children) => new RoutingToOne(name, inTurn(children)));
  }
}

/**
 * Makes several backends into one that takes them in turn. For other circuit options than the defaults write
 * `new RoundRobinService({ options })`.
 * @param backends two or more
 * @example
 * createPushService({ backend: roundrobin(new PusherService(first), new PusherService(second)) });
 */
export function roundrobin(...backends: AnyBackend[]): RoundRobinService {
  return new RoundRobinService({ options: { backends } });
}

/** Gives the backends in another order at each call: the next one first, or the one after it that is not left out. */
function inTurn(children: readonly Child[]): () => readonly Child[] {
  let next = 0;
  return () => {
    const fromNext = rotated(children, next);
    const live = fromNext.findIndex(({ circuit }) => circuit.isLive);
    const first = Math.max(0, live);
    // Counted from the one that is asked: else the one after a backend that is left out would get the share of two.
    next = (next + first + 1) % children.length;
    return rotated(fromNext, first);
  };
}

function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  return [...items.slice(by), ...items.slice(0, by)];
}
