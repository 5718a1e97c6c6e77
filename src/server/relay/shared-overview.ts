import { isPresence } from '../../pusher-protocol/names.js';
import type { AppOverview, ChannelFigures, OccupiedChannel } from '../app-overview.js';
import type { CachedData } from '../app-publisher.js';
import type { AppRelay } from './app-relay.js';
import { CONNECTIONS, WHOLE_APP } from './connection-count.js';
import { idOf } from './item-text.js';
import { sets } from './member-lists.js';
import type { SetFigures } from './relay.js';
import { cachedText, decodeEvent } from './relayed-event.js';

/** The state of an application over all of its nodes, as the relay has it. */
export class SharedOverview implements AppOverview {
  readonly #relay: AppRelay;

  constructor(relay: AppRelay) {
    this.#relay = relay;
  }

  async connections(): Promise<number> {
    const [figures] = await this.#figures([{ name: WHOLE_APP, set: CONNECTIONS }]);
    return figures?.weight ?? 0;
  }

  async figures(names: readonly string[]): Promise<readonly ChannelFigures[]> {
    const subscribers = names.map((name) => ({ name, set: sets.subscribers }));
    const members = names.filter(isPresence).map((name) => ({ name, set: sets.members }));
    const figures = await this.#figures([...subscribers, ...members]);
    const users = new Map(members.map(({ name }, index) => [name, figures[names.length + index]?.items ?? 0]));
    return names.map((name, index) => figuresOf(figures[index], users.get(name)));
  }

  #figures(asked: readonly { readonly name: string; readonly set: string }[]): Promise<readonly SetFigures[]> {
    const { node } = this.#relay;
    return node.connection.figures(asked.map(({ name, set }) => ({ topic: this.#relay.topicOf(name), set })));
  }

  async *channels(prefix: string): AsyncGenerator<readonly OccupiedChannel[]> {
    const { connection } = this.#relay.node;
    for (let partition = 0; partition < connection.partitions; partition++) {
      for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
        const page = await connection.list(partition, sets.subscribers, this.#relay.topicOf(prefix), cursor);
        cursor = page.cursor;
        yield await this.#withUsers(
          page.topics.map(({ topic, ...figures }) => ({ name: this.#relay.nameOf(topic), figures })),
        );
      }
    }
  }

  async #withUsers(
    page: readonly { readonly name: string; readonly figures: SetFigures }[],
  ): Promise<readonly OccupiedChannel[]> {
    const presence = page.filter(({ name }) => isPresence(name)).map(({ name }) => ({ name, set: sets.members }));
    const figures = presence.length > 0 ? await this.#figures(presence) : [];
    const users = new Map(presence.map(({ name }, index) => [name, figures[index]?.items ?? 0]));
    return page.map(({ name, figures: ofChannel }) => ({ name, ...figuresOf(ofChannel, users.get(name)) }));
  }

  async users(name: string): Promise<readonly string[]> {
    const { items } = await this.#relay.node.connection.read(this.#relay.topicOf(name), sets.members);
    return items.map(({ item }) => idOf(item));
  }

  async cached(name: string): Promise<CachedData | undefined> {
    const kept = await this.#relay.node.connection.kept(this.#relay.topicOf(name));
    if (kept.payload === undefined) return undefined;
    const { data } = JSON.parse(cachedText(decodeEvent(kept.payload))) as { data: string };
    return { data, ttl: Math.ceil(kept.ttlMs / 1000) };
  }
}

function figuresOf(figures: SetFigures | undefined, users = 0): ChannelFigures {
  return { isOccupied: (figures?.items ?? 0) > 0, subscriptions: figures?.weight ?? 0, users };
}
