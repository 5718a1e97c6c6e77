import type { NameRule } from '../core/names.js';
import { closeCode, mayReconnect, type WatchlistEvent } from '../pusher-protocol/messages.js';
import { channelName, eventName } from '../pusher-protocol/names.js';
import type { ProtocolUser } from '../pusher-protocol/users.js';
import { AppChannels, type Subscribed } from './app-channels.js';
import { AppPublisher } from './app-publisher.js';
import type { ChannelCache } from './channel-cache.js';
import type { CheckedApp, CheckedLimits } from './checked-options.js';
import type { ClientAccess } from './client-access.js';
import type { Connection } from './connection.js';
import { type ConnectionOwner, ConnectionOwners } from './connection-owners.js';
import type { ChannelObserver, LocalChannel, Publication } from './local-channel.js';
import { LocalDelivery } from './local-delivery.js';
import { type CutReason, cutReason, type ServerCounters } from './metrics/counters.js';
import { PlainConnection } from './plain/connection.js';
import { SignedInUsers } from './signed-in-users.js';
import { WaitingLine } from './waiting-line.js';

/** Tells a client why it may not be there. */
export const overQuota = 'The application has as many connections as it may have';

const askAnew = 'What this connection may hear has changed: reconnect, and ask anew';

/** It begins with Pusher's words, which people search for. */
const lateAuthorization =
  'Connection not authorized within timeout: sign in, or subscribe to a private or presence channel';

/** The parts of an application that it does not make itself. */
export interface AppParts {
  readonly access: ClientAccess;
  readonly cache: ChannelCache;
  readonly counters: ServerCounters;
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
  /** Those that somebody is subscribed to, or that a member who was lost is kept on, by name. */
  readonly channels: Map<string, LocalChannel> = new Map();
  /** Channels that the application itself listens to. */
  readonly heard: Set<string> = new Set();
  readonly #counters: ServerCounters;
  readonly #users = new SignedInUsers();
  readonly #owners: ConnectionOwners;
  readonly #plain = new Set<PlainConnection>();
  readonly #channels: AppChannels;
  /** Those that have to be authorised in time, see the option `authorizedConnections`. */
  readonly #unauthorized: WaitingLine<Connection> | undefined;
  /** Whether all connections are about to go; then nobody is told who has left. */
  #isClosing = false;

  constructor(settings: CheckedApp, { access, cache, counters, received, observer }: AppParts) {
    const { limits } = settings;
    this.settings = settings;
    this.channelName = { ...channelName, maxLength: limits.maxChannelNameLength };
    this.eventName = { ...eventName, maxLength: limits.maxEventNameLength };
    this.access = access;
    this.#counters = counters;
    this.#owners = new ConnectionOwners(limits.maxChannelsPerConnection);
    if (limits.authorizedConnections) {
      this.#unauthorized = new WaitingLine(limits.authorizationTimeoutMs, (connection) =>
        this.end(connection, closeCode.unauthorized, lateAuthorization),
      );
    }
    const { channels, connections, heard } = this;
    const local = new LocalDelivery({ channels, connections, cache, heard, received });
    this.publisher = new AppPublisher(local, counters, observer);
    const cachedEvent = (name: string): string | undefined => this.publisher.cachedEvent(name);
    this.#channels = new AppChannels({ limits, channels, cachedEvent, observer });
  }

  /** Takes in a connection that has been let in. */
  add(connection: Connection): void {
    this.connections.set(connection.id, connection);
    this.#unauthorized?.add(connection);
  }

  /** Takes in a connection that speaks no protocol, and that may hear a channel. */
  addPlain(connection: PlainConnection, name: string): void {
    this.connections.set(connection.id, connection);
    this.#plain.add(connection);
    this.#channels.subscribePlain(connection, name);
  }

  /** How many connections count against `maxConnections`: those that still have to be authorised do not. */
  get countedConnections(): number {
    return this.connections.size - (this.#unauthorized?.size ?? 0);
  }

  /**
   * Counts a connection as authorised: it is about to sign in, or to subscribe to a private or presence channel. It
   * stays so, whatever it leaves.
   * @returns false when the application has as many connections as it may have; then this one is ended
   */
  authorize(connection: Connection): boolean {
    if (this.#unauthorized?.has(connection) !== true) return true;
    if (this.countedConnections >= (this.settings.maxConnections ?? Number.POSITIVE_INFINITY)) {
      this.end(connection, closeCode.overAppQuota, overQuota);
      return false;
    }
    return this.#unauthorized.delete(connection);
  }

  /** What its clients may do. */
  get limits(): CheckedLimits {
    return this.settings.limits;
  }

  /** See `AppChannels.subscribe`. */
  subscribe(connection: Connection, name: string, member: ProtocolUser | undefined): Subscribed | Promise<Subscribed> {
    return this.#channels.subscribe(connection, name, member);
  }

  /** See `AppChannels.unsubscribe`. */
  unsubscribe(connection: Connection, channel: LocalChannel): number {
    return this.#channels.unsubscribe(connection, channel);
  }

  /**
   * Signs a connection in, which has been allowed.
   * @param watched the users whom it watches, each once
   * @returns the bytes that it sends to all watchers together
   */
  signIn(connection: Connection, user: ProtocolUser, watched: readonly string[]): number {
    return this.#users.add(connection, user, watched);
  }

  /** Which of the users are signed in and which are not. */
  stateOf(userIds: readonly string[]): readonly WatchlistEvent[] {
    return this.#users.stateOf(userIds);
  }

  /** The connections that are signed in as a user. */
  connectionsOf(userId: string): readonly Connection[] {
    return this.#users.connectionsOf(userId);
  }

  /** Ends a connection. It leaves its channels and the counts at once, however long its socket takes to close. */
  end(connection: Connection, code: number, reason: string): void {
    this.#cut(connection, code, reason, cutReason(code));
  }

  /** Ends a connection because the application wants it, with code 4009. */
  dismiss(connection: Connection): void {
    this.#cut(connection, closeCode.unauthorized, 'The application has ended the connection', 'application');
  }

  /**
   * Ends the connections that are signed in as a user, with code 4009. Where the user was lost and is still kept as a
   * member, the user leaves.
   * @returns how many connections there were
   */
  dismissUser(userId: string): number {
    const connections = this.connectionsOf(userId);
    for (const connection of connections) this.dismiss(connection);
    this.#channels.endPlacesOf(userId);
    return connections.length;
  }

  /**
   * Notes whom a connection is authorised for. One that is not there is ignored: it has ended, or was never here.
   * @param socketId as a client claims it, who may claim any
   */
  noteOwner(socketId: string, owner: ConnectionOwner): void {
    const connection = this.connections.get(socketId);
    if (connection !== undefined && !this.#owners.note(connection, owner)) this.#sendToAskAnew(connection);
  }

  /**
   * Ends the connections of a user or a session, with code 4200: their clients reconnect, and ask anew for each private
   * channel. They leave presence channels at once. Those without a protocol end with 4009.
   * @returns how many connections there were
   */
  sendAway(owner: ConnectionOwner): number {
    const { userId, sessionChannel } = owner;
    const going = new Set(this.#owners.of(owner));
    // Another process may have authorised them, so what a connection does tells, too.
    if (userId !== undefined) for (const connection of this.connectionsOf(userId)) going.add(connection);
    const channels = [...this.channels.values()].filter(
      ({ name, members }) => name === sessionChannel || (userId !== undefined && members?.has(userId) === true),
    );
    for (const connection of channels.length > 0 ? this.connections.values() : [])
      if (channels.some((channel) => isOn(channel, connection, userId))) going.add(connection);
    for (const connection of going) this.#sendToAskAnew(connection);
    // A bare WebSocket knows no code that tells it to come back.
    const plain = [...this.#plain].filter((connection) => connection.belongsTo(owner));
    for (const connection of plain) this.dismiss(connection);
    if (userId !== undefined) this.#channels.endPlacesOf(userId);
    return going.size + plain.length;
  }

  #sendToAskAnew(connection: Connection): void {
    this.#cut(connection, closeCode.reconnect, askAnew, 'application', false);
  }

  #cut(connection: Connection, code: number, reason: string, why: CutReason, mayReturn = mayReconnect(code)): void {
    this.#counters.cut(why);
    this.remove(connection, mayReturn);
    connection.close(code, reason);
  }

  /** Ends a connection that sends more than it may, and reads no more of it. Its client waits before it returns. */
  cut(connection: Connection, reason: string): void {
    this.end(connection, closeCode.overCapacity, reason);
    connection.stopReading();
  }

  /** All connections are about to go, and have been told: from now on nobody is told who has left. */
  beginClose(): void {
    this.#isClosing = true;
    this.#channels.beginClose();
    this.#unauthorized?.clear();
  }

  /**
   * Forgets a connection; a second time changes nothing.
   * @param mayReturn whether it was only lost, so that its client may come back soon
   */
  remove(connection: Connection, mayReturn: boolean = true): void {
    this.connections.delete(connection.id);
    if (connection instanceof PlainConnection) this.#plain.delete(connection);
    this.#unauthorized?.delete(connection);
    this.#owners.forget(connection);
    for (const channel of connection.entering) this.#channels.unsubscribe(connection, channel, mayReturn);
    for (const channel of connection.channels) this.#channels.unsubscribe(connection, channel, mayReturn);
    this.#users.remove(connection, !this.#isClosing);
  }
}

/** Whether a connection is subscribed to a channel: on a presence channel, as a user. */
function isOn(channel: LocalChannel, connection: Connection, userId: string | undefined): boolean {
  if (!connection.isOn(channel)) return false;
  return channel.members === undefined || channel.members.userOf(connection) === userId;
}
