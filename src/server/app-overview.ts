import type { AppPublisher, CachedData } from './app-publisher.js';
import type { LocalChannel } from './local-channel.js';

/** How much there is on a channel. */
export interface ChannelFigures {
  /** Whether somebody is subscribed, or a member who was lost is kept on it. */
  readonly isOccupied: boolean;
  /** Number of connections that are subscribed. */
  readonly subscriptions: number;
  /** Number of different users on a presence channel; 0 on others. */
  readonly users: number;
}

/** A channel that is occupied, and how much there is on it. */
export interface OccupiedChannel extends ChannelFigures {
  readonly name: string;
}

/**
 * Tells the state of an application, over all of its nodes. Whoever asks on behalf of the application or of the HTTP
 * API asks here, and nowhere else. Names are of any characters: whoever asks has checked them.
 *
 * Each call MUST settle within about 10 seconds. It rejects with a `PushError` that holds no secret.
 */
export interface AppOverview {
  /** Number of connections. */
  connections(): Promise<number>;

  /** The figures of channels, one for each name, in their order. */
  figures(names: readonly string[]): Promise<readonly ChannelFigures[]>;

  /**
   * The channels that are occupied, in pages of any size. None that is there all the time is left out; one may come
   * twice.
   * @param prefix what their names begin with
   */
  channels(prefix: string): AsyncIterable<readonly OccupiedChannel[]>;

  /** The ids of the users on a presence channel, in the order in which they came. */
  users(name: string): Promise<readonly string[]>;

  /**
   * What a cache channel hands to new subscribers; undefined when there is nothing. The observer does not hear of it.
   */
  cached(name: string): Promise<CachedData | undefined>;
}

/** An application in this process, as far as its own overview needs it. */
interface LocalState {
  readonly connections: ReadonlyMap<string, unknown>;
  readonly channels: ReadonlyMap<string, LocalChannel>;
  readonly publisher: Pick<AppPublisher, 'cached'>;
}

/** The state of an application that has no other node than this process. */
export class LocalOverview implements AppOverview {
  readonly #app: LocalState;

  constructor(app: LocalState) {
    this.#app = app;
  }

  async connections(): Promise<number> {
    return this.#app.connections.size;
  }

  async figures(names: readonly string[]): Promise<readonly ChannelFigures[]> {
    return names.map((name) => this.#figuresOf(name));
  }

  async *channels(prefix: string): AsyncGenerator<readonly OccupiedChannel[]> {
    const page: OccupiedChannel[] = [];
    // All at one moment: a list in several pages would be of several moments.
    for (const name of this.#app.channels.keys())
      if (name.startsWith(prefix)) page.push({ name, ...this.#figuresOf(name) });
    yield page;
  }

  #figuresOf(name: string): ChannelFigures {
    const channel = this.#app.channels.get(name);
    return {
      isOccupied: channel !== undefined,
      subscriptions: channel?.size ?? 0,
      users: channel?.members?.count ?? 0,
    };
  }

  async users(name: string): Promise<readonly string[]> {
    return this.#app.channels.get(name)?.members?.ids ?? [];
  }

  async cached(name: string): Promise<CachedData | undefined> {
    return this.#app.publisher.cached(name);
  }
}
