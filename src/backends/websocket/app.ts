import { channelEvent, type PresenceMember } from '../../channels-protocol/messages.js';
import { isCache } from '../../channels-protocol/names.js';
import type { AppObservers, ChannelObserver, Publication, PublicationListener } from './app-observers.js';
import { Channel } from './channel.js';
import type { ChannelCache } from './channel-cache.js';
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
