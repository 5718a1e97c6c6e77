import type { AboutBackend } from '../contract/about.js';
import type { AnyBackend, BackendSettings } from '../contract/wrapper.js';
import type { Child } from './child.js';
import { OneOfService } from './one-of-service.js';
import type { CompositeOptions } from './options.js';

export type { CircuitOptions, CompositeOptions } from './options.js';
export type { CompositeService } from './service.js';

/** The `roundrobin` backend: each request goes to the next of several in turn. What one refuses goes on as with `failover`. */
export class RoundRobinService extends OneOfService {
  static readonly about: AboutBackend = {
    purpose: 'several backends in turn',
    needs: 'two backends or more',
    guide: 'docs/backends/composites.md',
  };

  #next = 0;

  /** @throws ConfigurationError when an option is wrong */
  constructor(settings: BackendSettings<CompositeOptions>) {
    super(settings, 'roundrobin');
  }

  protected override order(): readonly Child[] {
    const fromNext = rotated(this.children, this.#next);
    // Not the next one of all, so that the one after a backend that is left out does not get the share of two.
    const first = Math.max(
      0,
      fromNext.findIndex(({ circuit }) => circuit.isLive),
    );
    this.#next = (this.#next + first + 1) % this.children.length;
    return rotated(fromNext, first);
  }
}

/**
 * Makes the backends into one that takes them in turn. For the circuit's options: `new RoundRobinService({ options })`.
 * @param backends two or more
 */
export function roundrobin(...backends: AnyBackend[]): RoundRobinService {
  return new RoundRobinService({ options: { backends } });
}

function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  return [...items.slice(by), ...items.slice(0, by)];
}
