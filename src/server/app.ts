import { channelEvent, type PresenceMember } from '../pusher-protocol/messages.js';
import { isCache } from '../pusher-protocol/names.js';
import { Channel } from './channel.js';
import type { Connection } from './connection.js';
import { textFrame } from './frames.js';
import type { WebSocketApp } from './options.js';

/** One application's state: its connections, channels and users. Nothing here knows of the wire but the frames. */
export class App {
  readonly settings: WebSocketApp;
  readonly connections: Map<string, Connection> = new Map();
  readonly channels: Map<string, Channel> = new Map();
  readonly cache: ChannelCache;
  readonly #connectionsOfUser = new Map<string, Set<Connection>>();
  readonly #onPublication: PublicationListener | undefined;
  readonly #observer: ChannelObserver | undefined;

  constructor(settings: WebSocketApp, cache: ChannelCache, { onPublication, channels }: AppObservers) {
    this.settings = settings;
    this.cache = cache;
    this.#onPublication = onPublication;
    this.#observer = channels;
  }

  /** Delivers an event of the application to its subscribers. */
  publish(channels: readonly string[], event: string, data: string, exceptSocketId?: string): void {
    const except = exceptSocketId === undefined ? undefined : this.connections.get(exceptSocketId);
    const dataText = JSON.stringify(data);
    for (const name of channels) {
      const channel = this.channels.get(name);
      const isCached = isCache(name);
      if (channel !== undefined || isCached) {
        const text = channelEvent(name, event, dataText);
        channel?.publish(textFrame(text), except);
        if (isCached) this.cache.set(name, text);
      }
      this.#onPublication?.({ channel: name, event, data });
    }
  }

  /** Delivers a client's event to the channel's other subscribers. */
  relay(channel: Channel, publication: Publication, sender: Connection): void {
    const { event, data, userId } = publication;
    channel.publish(textFrame(channelEvent(channel.name, event, JSON.stringify(data), userId)), sender);
    this.#onPublication?.(publication);
    this.#observer?.clientEvent(publication, sender.id);
  }

  subscribe(connection: Connection, name: string, member: PresenceMember | undefined): void {
    let channel = this.channels.get(name);
    if (channel === undefined) {
      channel = new Channel(name);
      this.channels.set(name, channel);
    }
    connection.channels ??= new Set();
    connection.channels.add(channel);
    const newUser = channel.add(connection, member);
    this.#observer?.joined(channel, newUser);
  }

  /** The last event of a cache channel, for a new subscriber; where there is none, that is noted. */
  cachedEvent(channel: string): string | undefined {
    const text = this.cache.get(channel);
    if (text === undefined) this.#observer?.cacheMissed(channel);
    return text;
  }

  unsubscribe(connection: Connection, channel: Channel): void {
    if (connection.channels?.delete(channel) !== true) return;
    const goneUser = channel.remove(connection);
    if (channel.size === 0) this.channels.delete(channel.name);
    this.#observer?.left(channel, goneUser);
  }

  signIn(connection: Connection, user: PresenceMember): void {
    connection.user = user;
    const connections = this.#connectionsOfUser.get(user.id);
    if (connections === undefined) this.#connectionsOfUser.set(user.id, new Set([connection]));
    else connections.add(connection);
  }

  /** The connections that are signed in as a user. */
  connectionsOf(userId: string): readonly Connection[] {
    return [...(this.#connectionsOfUser.get(userId) ?? [])];
  }

  /** Ends a connection, which is gone from channels and counts at once, however long its socket lingers. */
  end(connection: Connection, code: number, reason: string): void {
    connection.close(code, reason);
    this.remove(connection);
  }

  /** Forgets a connection; a second time changes nothing. */
  remove(connection: Connection): void {
    this.connections.delete(connection.id);
    for (const channel of connection.channels ?? []) this.unsubscribe(connection, channel);
    const userId = connection.user?.id;
    if (userId === undefined) return;
    const connections = this.#connectionsOfUser.get(userId);
    connections?.delete(connection);
    if (connections?.size === 0) this.#connectionsOfUser.delete(userId);
  }
}

/** An event on one channel, on its way out. */
export interface Publication {
  readonly channel: string;
  readonly event: string;
  /** The data as text; for anything but a text, its JSON. */
  readonly data: string;
  /** A client's user, where the event is a client's on a presence channel. */
  readonly userId?: string | undefined;
}

/** Called with every event of an application, whoever sent it. */
export type PublicationListener = (publication: Publication) => void;

/** Hears who comes to an application's channels and goes, and what clients say. Must not throw, nor keep the channel. */
export interface ChannelObserver {
  /** @param newUser on a presence channel, the user who was not there before */
  joined(channel: Channel, newUser: string | undefined): void;
  /** @param goneUser on a presence channel, the user whose last connection it was */
  left(channel: Channel, goneUser: string | undefined): void;
  clientEvent(event: Publication, socketId: string): void;
  /** Someone subscribed to a cache channel that has no event. */
  cacheMissed(channel: string): void;
}

/** Who is told of what happens in an application. Where nobody is, it costs nothing. */
export interface AppObservers {
  readonly onPublication?: PublicationListener | undefined;
  readonly channels?: ChannelObserver | undefined;
}

/** The last event of each cache channel, for a while and for so many channels. */
export class ChannelCache {
  readonly #events = new Map<string, { text: string; expires: number }>();
  readonly #ttlMs: number;
  readonly #maxChannels: number;

  constructor(ttlMs: number, maxChannels: number) {
    this.#ttlMs = ttlMs;
    this.#maxChannels = maxChannels;
  }

  get size(): number {
    return this.#events.size;
  }

  set(channel: string, text: string): void {
    // Writing a key anew moves it to the end, so the first one is both the oldest and the next to expire.
    this.#events.delete(channel);
    this.#events.set(channel, { text, expires: Date.now() + this.#ttlMs });
    for (const [oldest, { expires }] of this.#events) {
      if (this.#events.size <= this.#maxChannels && expires > Date.now()) break;
      this.#events.delete(oldest);
    }
  }

  get(channel: string): string | undefined {
    const event = this.#events.get(channel);
    if (event === undefined || event.expires > Date.now()) return event?.text;
    this.#events.delete(channel);
    return undefined;
  }
}
