import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { Destination, Destinations } from '../delivery/destination.js';
import { ProviderWatch } from './provider-watch.js';

/** Knows which of a service's providers are away. */
export class ProviderWatches {
  readonly #all: ReadonlyMap<Destination, ProviderWatch>;

  constructor({ all }: Destinations, clock: Clock, logger: Logger) {
    this.#all = new Map(all.map((each) => [each, new ProviderWatch(each.name, clock, logger)]));
  }

  of(destination: Destination): ProviderWatch {
    return this.#all.get(destination) as ProviderWatch;
  }

  /** Whether all providers are away. */
  get areAway(): boolean {
    return this.#every((watch) => watch.isAway);
  }

  /** Whether no backend is open. */
  get areClosed(): boolean {
    return this.#every((_, { isOpen }) => !isOpen);
  }

  /** Whether messages may be sent by one backend at least. */
  get areLive(): boolean {
    return !this.#every((watch, { isOpen }) => !watch.isLive || !isOpen);
  }

  /** Time until one may be sent, in milliseconds. */
  get waitMs(): number {
    return Math.min(...Array.from(this.#all.values(), ({ waitMs }) => waitMs));
  }

  #every(holds: (watch: ProviderWatch, destination: Destination) => boolean): boolean {
    for (const [destination, watch] of this.#all) if (!holds(watch, destination)) return false;
    return true;
  }
}
