import type { ChannelCache } from '../channel-cache.js';
import type { ClusterNode } from './cluster-node.js';
import { cachedText, type RelayedEvent } from './relayed-event.js';

/**
 * The last events of cache channels that only the clients of this node got, because the relay was away. They count
 * until it is back: from then on the channels have what the relay keeps.
 */
export class LocalEvents {
  readonly #node: ClusterNode;
  readonly #cache: ChannelCache;
  /** See `ClusterNode.returns`. */
  #returns = 0;

  constructor(node: ClusterNode, cache: ChannelCache) {
    this.#node = node;
    this.#cache = cache;
  }

  keep(channel: string, event: RelayedEvent): void {
    this.#ofNow().set(channel, cachedText(event));
  }

  /** The relay has a later one. */
  forget(channel: string): void {
    if (this.#cache.size > 0) this.#cache.delete(channel);
  }

  /** The event as the message that a new subscriber gets; undefined for none. */
  last(channel: string): string | undefined {
    return this.#ofNow().get(channel);
  }

  #ofNow(): ChannelCache {
    const { returns } = this.#node;
    if (returns !== this.#returns) this.#cache.clear();
    this.#returns = returns;
    return this.#cache;
  }
}
