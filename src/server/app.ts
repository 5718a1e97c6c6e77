import type { NameRule } from '../core/names.js';
import { closeCode, mayReconnect } from '../pusher-protocol/messages.js';
import { channelName, eventName } from '../pusher-protocol/names.js';
import type { ProtocolUser } from '../pusher-protocol/users.js';
import { AppPublisher } from './app-publisher.js';
import type { ChannelCache } from './channel-cache.js';
import type { CheckedApp, CheckedLimits } from './checked-options.js';
import type { ClientAccess } from './client-access.js';
import type { Connection } from './connection.js';
import { type ChannelObserver, LocalChannel, type Publication } from './local-channel.js';
import { LocalDelivery } from './local-delivery.js';

/** The parts of an application that it does not make itself. */
export interface AppParts {
  readonly access: ClientAccess;
  readonly cache: ChannelCache;
  /** Takes the events of channels that the application itself listens to. Must not throw. */
  readonly received: (publication: Publication) => void;
  /** Without one nothing is observed, and it costs nothing. */
  readonly observer?: ChannelObserver | undefined;
}

/** One application: its connections, its channels with their subscribers, and its users. */
export class App {
  readonly settings: CheckedApp;
  /** The names that its channels and events may have. */
  readonly channelName: NameRule;
  readonly eventName: NameRule;
  readonly access: ClientAccess;
  readonly publisher: AppPublisher;
  /** By socket id. */
  readonly connections: Map<string, Connection> = new Map();
  /** Those that somebody is subscribed to, by name. */
  readonly channels: Map<string, LocalChannel> = new Map();
  /** Channels that the application itself listens to. */
  readonly heard: Set<string> = new Set();
  readonly #connectionsOfUser = new Map<string, Set<Connection>>();
  readonly #observer: ChannelObserver | undefined;

  constructor(settings: CheckedApp, { access, cache, received, observer }: AppParts) {
    this.settings = settings;
    this.channelName = { ...channelName, maxLength: settings.limits.maxChannelNameLength };
    this.eventName = { ...eventName, maxLength: settings.limits.maxEventNameLength };
    this.access = access;
    this.#observer = observer;
    const { channels, connections, heard } = this;
    const local = new LocalDelivery({ channels, connections, cache, heard, received });
    this.publisher = new AppPublisher(local, observer);
  }

  /** What its clients may do. */
  get limits(): CheckedLimits {
    return this.settings.limits;
  }

  /**
   * Subscribes a connection, which has been allowed.
   * @param member its user, on a presence channel
   * @returns the bytes that it sends to all subscribers together
   */
  subscribe(connection: Connection, name: string, member: ProtocolUser | undefined): number {
    let channel = this.channels.get(name);
    if (channel === undefined) {
      channel = new LocalChannel(name);
      this.channels.set(name, channel);
    }
    connection.channels ??= new Set();
    connection.channels.add(channel);
    const { user, bytes } = channel.add(connection, member);
    this.#observer?.joined(channel, user);
    return bytes;
  }

  /**
   * Ends a subscription; one that is not there is ignored.
   * @param mayReturn whether the connection was only lost, so that its client may come back soon
   * @returns the bytes that it sends to all subscribers together
   */
  unsubscribe(connection: Connection, channel: LocalChannel, mayReturn: boolean = false): number {
    if (connection.channels?.delete(channel) !== true) return 0;
    const { user, bytes } = channel.remove(connection);
    if (channel.size === 0) this.channels.delete(channel.name);
    this.#observer?.left(channel, user, mayReturn);
    return bytes;
  }

  /** Signs a connection in, which has been allowed. */
  signIn(connection: Connection, user: ProtocolUser): void {
    connection.user = user;
    const connections = this.#connectionsOfUser.get(user.id);
    if (connections === undefined) this.#connectionsOfUser.set(user.id, new Set([connection]));
    else connections.add(connection);
  }

  /** The connections that are signed in as a user. */
  connectionsOf(userId: string): readonly Connection[] {
    return [...(this.#connectionsOfUser.get(userId) ?? [])];
  }

  /** Ends a connection. It leaves its channels and the counts at once, however long its socket takes to close. */
  end(connection: Connection, code: number, reason: string): void {
    this.remove(connection, mayReconnect(code));
    connection.close(code, reason);
  }

  /** Ends a connection that sends more than it may, and reads no more of it. Its client waits before it returns. */
  cut(connection: Connection, reason: string): void {
    this.end(connection, closeCode.overCapacity, reason);
    connection.stopReading();
  }

  /**
   * Forgets a connection; a second time changes nothing.
   * @param mayReturn whether it was only lost, so that its client may come back soon
   */
  remove(connection: Connection, mayReturn: boolean = true): void {
    this.connections.delete(connection.id);
    for (const channel of connection.channels ?? []) this.unsubscribe(connection, channel, mayReturn);
    const userId = connection.user?.id;
    if (userId === undefined) return;
    const connections = this.#connectionsOfUser.get(userId);
    connections?.delete(connection);
    if (connections?.size === 0) this.#connectionsOfUser.delete(userId);
  }
}
