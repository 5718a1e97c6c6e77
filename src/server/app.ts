import type { NameRule } from '../core/names.js';
import { closeCode, mayReconnect, type WatchlistEvent } from '../pusher-protocol/messages.js';
import { channelName, eventName } from '../pusher-protocol/names.js';
import type { ProtocolUser } from '../pusher-protocol/users.js';
import { AppChannels, type Subscribed } from './app-channels.js';
import { type AppOverview, LocalOverview } from './app-overview.js';
import { AppPublisher } from './app-publisher.js';
import type { ChannelCache } from './channel-cache.js';
import type { CheckedApp, CheckedLimits } from './checked-options.js';
import type { ClientAccess } from './client-access.js';
import type { Connection } from './connection.js';
import type { ConnectionOwner } from './connection-owners.js';
import { type ConnectionRequest, Departures } from './departures.js';
import type { ChannelObserver, LocalChannel, Publication } from './local-channel.js';
import { LocalDelivery } from './local-delivery.js';
import { type CutReason, cutReason, type ServerCounters } from './metrics/counters.js';
import type { PlainConnection } from './plain/connection.js';
import { type AppRelayParts, SharedApp } from './relay/shared-app.js';
import { SignedInUsers } from './signed-in-users.js';
import { WaitingLine } from './waiting-line.js';

/** Tells a client why it may not be there. */
export const overQuota = 'The application has as many connections as it may have';

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
  /** Joins it to other nodes. */
  readonly relay?: AppRelayParts | undefined;
}

/** One application: its connections, its channels with their subscribers, and its users. */
export class App {
  readonly settings: CheckedApp;
  /** The names that its channels and events may have. */
  readonly channelName: NameRule;
  readonly eventName: NameRule;
  readonly access: ClientAccess;
  readonly publisher: AppPublisher;
  readonly overview: AppOverview;
  /** By socket id. */
  readonly connections: Map<string, Connection> = new Map();
  /** Those that somebody is subscribed to, or that a member who was lost is kept on, by name. */
  readonly channels: Map<string, LocalChannel> = new Map();
  /** Channels that the application itself listens to. */
  readonly heard: Set<string> = new Set();
  readonly #counters: ServerCounters;
  readonly #users: SignedInUsers;
  /** What it shares with other nodes; undefined without a relay. */
  readonly #shared: SharedApp | undefined;
  readonly #departures: Departures;
  /** Room that was asked for, for connections that are about to be added. */
  #reserved = 0;
  readonly #channels: AppChannels;
  /** Those that have to be authorised in time, see the option `authorizedConnections`. */
  readonly #unauthorized: WaitingLine<Connection> | undefined;
  /** Whether all connections are about to go; then nobody is told who has left. */
  #isClosing = false;

  constructor(settings: CheckedApp, { access, cache, counters, received, observer, relay }: AppParts) {
    const { limits } = settings;
    this.settings = settings;
    this.channelName = { ...channelName, maxLength: limits.maxChannelNameLength };
    this.eventName = { ...eventName, maxLength: limits.maxEventNameLength };
    this.access = access;
    this.#counters = counters;
    this.#departures = new Departures(this);
    if (limits.authorizedConnections) {
      this.#unauthorized = new WaitingLine(limits.authorizationTimeoutMs, (connection) =>
        this.end(connection, closeCode.unauthorized, lateAuthorization),
      );
    }
    const { channels, connections, heard } = this;
    const local = new LocalDelivery({ channels, connections, cache, heard, received });
    if (relay === undefined) {
      this.overview = new LocalOverview(this);
      this.#users = new SignedInUsers();
      this.publisher = new AppPublisher(local, counters, observer);
      const cachedEvent = (name: string): string | undefined => this.publisher.cachedEvent(name);
      this.#channels = new AppChannels({ limits, channels, cachedEvent, observer });
    } else {
      const perform = (request: ConnectionRequest): number => this.#departures.perform(request);
      const countConnections = (): number => this.countedConnections;
      const ofApp = { limits, channels, heard, local, counters, observer, perform, countConnections };
      this.#shared = new SharedApp({ ...relay, ...ofApp });
      ({
        users: this.#users,
        publisher: this.publisher,
        channels: this.#channels,
        overview: this.overview,
      } = this.#shared);
    }
  }

  /** Takes part, where a relay joins it to other nodes. @throws DeliveryError when the relay does not answer */
  async open(): Promise<void> {
    await this.#shared?.open();
  }

  /** Hears a channel for the application itself. */
  async hear(channel: string): Promise<void> {
    this.heard.add(channel);
    await this.#shared?.channels.hear(channel);
  }

  /** Hears a channel no longer. */
  unhear(channel: string): void {
    this.heard.delete(channel);
    this.#shared?.channels.release(channel);
  }

  /** Takes in a connection that has been let in. */
  add(connection: Connection): void {
    this.connections.set(connection.id, connection);
    this.#unauthorized?.add(connection);
    this.#noteConnections();
  }

  /** Takes in a connection that speaks no protocol, and that may hear a channel. */
  addPlain(connection: PlainConnection, name: string): Promise<void> | undefined {
    this.connections.set(connection.id, connection);
    this.#noteConnections();
    this.#departures.addPlain(connection);
    return this.#channels.subscribePlain(connection, name);
  }

  /**
   * How many connections of this node count against `maxConnections`: those that still have to be authorised do not.
   * Those of other nodes are asked for, see {@link reserve}: what this node knows of them may be long past.
   */
  get countedConnections(): number {
    return this.connections.size - (this.#unauthorized?.size ?? 0) + this.#reserved;
  }

  #noteConnections(): void {
    if (!this.#isClosing) this.#shared?.connections.note();
  }

  /**
   * Asks all nodes whether there is room for one more connection.
   * @returns undefined where nobody has to be asked. After a promise of true, `add` or `unreserve` follows
   */
  reserve(): Promise<boolean> | undefined {
    const { maxConnections } = this.settings;
    if (this.#shared === undefined || maxConnections === undefined || this.#unauthorized !== undefined)
      return undefined;
    return this.#shared.connections.reserve(maxConnections, () => this.#reserved++);
  }

  /** Gives up the room for one connection, or uses it for one that is about to be added. */
  unreserve(): void {
    this.#reserved--;
    this.#noteConnections();
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
    this.#unauthorized.delete(connection);
    if (this.settings.maxConnections === undefined) this.#noteConnections();
    else void this.#keepToQuota(connection, this.settings.maxConnections);
    return true;
  }

  /** Ends a connection for which other nodes have left no room. */
  async #keepToQuota(connection: Connection, max: number): Promise<void> {
    const isWithin = await this.#shared?.connections.isWithin(max);
    if (isWithin === false && connection.isOpen) this.end(connection, closeCode.overAppQuota, overQuota);
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
  signIn(connection: Connection, user: ProtocolUser, watched: readonly string[]): number | Promise<number> {
    return this.#users.add(connection, user, watched);
  }

  /** Which of the users are signed in and which are not. */
  stateOf(userIds: readonly string[]): readonly WatchlistEvent[] | Promise<readonly WatchlistEvent[]> {
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

  /** Ends a connection whose client may reconnect, but has left its channels for good. */
  cutOff(connection: Connection, code: number, reason: string): void {
    this.#cut(connection, code, reason, 'application', false);
  }

  /** Gives up the places that presence channels keep for a user, who has been sent away. */
  endPlacesOf(userId: string): void {
    this.#channels.endPlacesOf(userId);
  }

  /** Does something about connections, on all nodes. @returns for how many it was done */
  request(request: ConnectionRequest): number | Promise<number> {
    const { requests } = this.#shared ?? {};
    return requests === undefined ? this.#departures.perform(request) : requests.ask(request);
  }

  /**
   * Notes whom a connection is authorised for. One that is not there is ignored: it has ended, or was never here.
   * @param socketId as a client claims it, who may claim any
   */
  noteOwner(socketId: string, owner: ConnectionOwner): void {
    const request = { do: 'noteOwner', socketId, owner } as const;
    if (this.#departures.perform(request) === 0) this.#shared?.requests.tell(socketId, request);
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
    if (this.connections.delete(connection.id)) this.#noteConnections();
    this.#unauthorized?.delete(connection);
    this.#departures.forget(connection);
    for (const channel of connection.entering) this.#channels.unsubscribe(connection, channel, mayReturn);
    for (const channel of connection.channels) this.#channels.unsubscribe(connection, channel, mayReturn);
    this.#users.remove(connection, !this.#isClosing);
  }
}
