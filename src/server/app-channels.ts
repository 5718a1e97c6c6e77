import { cacheMiss } from '../pusher-protocol/messages.js';
import { isCache } from '../pusher-protocol/names.js';
import type { ProtocolUser } from '../pusher-protocol/users.js';
import type { CheckedLimits } from './checked-options.js';
import type { Connection } from './connection.js';
import { type ChannelObserver, LocalChannel, type Publication } from './local-channel.js';
import { type PlainConnection, plainFrame } from './plain/connection.js';
import { PresenceLeaves } from './presence-leaves.js';
import { PresencePace } from './presence-pace.js';
import { SubscriptionCounts } from './subscription-counts.js';

/**
 * What a subscription has come to: the bytes that it sends to all subscribers together; `'full'`, because the presence
 * channel has as many members as it may have; `'gone'`, because the client has left before it was confirmed.
 */
export type Subscribed = number | 'full' | 'gone';

/** The parts of an application that its channels need. */
export interface AppChannelsParts {
  readonly limits: CheckedLimits;
  /** Those that somebody is subscribed to, or that a member who was lost is kept on, by name. */
  readonly channels: Map<string, LocalChannel>;
  /** The last event of a cache channel, as the message that a new subscriber gets. */
  readonly cachedEvent: (channel: string) => string | undefined;
  /** Without one nothing is observed, and it costs nothing. */
  readonly observer: ChannelObserver | undefined;
}

/** The channels of an application: who comes to them and who leaves, and who is told of it. */
export class AppChannels {
  protected readonly parts: AppChannelsParts;
  protected readonly counts: SubscriptionCounts | undefined;
  protected readonly pace: PresencePace = new PresencePace();
  /** The members who were lost and may be back in time. */
  protected readonly leaves: PresenceLeaves;
  /** Whether all connections are about to go; then nobody is told who has left. */
  protected isClosing = false;

  constructor(parts: AppChannelsParts) {
    this.parts = parts;
    const { subscriptionCounting, presenceLeaveDelayMs } = parts.limits;
    this.counts = subscriptionCounting ? new SubscriptionCounts() : undefined;
    this.leaves = new PresenceLeaves(presenceLeaveDelayMs, (place, channel, mayReturn) =>
      this.left(channel, channel.release(place).user, mayReturn, place.userId),
    );
  }

  /**
   * Subscribes a connection, which has been allowed.
   * @param member its user, on a presence channel
   */
  subscribe(connection: Connection, name: string, member: ProtocolUser | undefined): Subscribed | Promise<Subscribed> {
    const channel = this.channel(name);
    connection.entered(channel);
    const isFirst = !channel.isOccupied;
    const { user, bytes, place } = channel.add(connection, member);
    if (place !== undefined) this.leaves.cancel(place);
    this.pace.changed(channel);
    this.parts.observer?.joined(channel, user, isFirst);
    const counted = this.counts?.joined(channel, connection) ?? 0;
    if (isCache(name)) connection.sendText(this.parts.cachedEvent(name) ?? cacheMiss(name));
    return bytes + counted;
  }

  /** Subscribes a connection that speaks no protocol. */
  subscribePlain(connection: PlainConnection, name: string): Promise<void> | undefined {
    const channel = this.channel(name);
    connection.entered(channel);
    const isFirst = !channel.isOccupied;
    channel.addPlain(connection);
    this.parts.observer?.joined(channel, undefined, isFirst);
    this.counts?.joined(channel, undefined);
    if (isCache(name)) sendPlain(connection, this.parts.cachedEvent(name));
    return undefined;
  }

  protected channel(name: string): LocalChannel {
    const existing = this.parts.channels.get(name);
    if (existing !== undefined) return existing;
    const channel = this.makeChannel(name);
    this.parts.channels.set(name, channel);
    return channel;
  }

  protected makeChannel(name: string): LocalChannel {
    return new LocalChannel(name);
  }

  /**
   * Ends a subscription; one that is not there is ignored.
   * @param mayReturn whether the connection was only lost, so that its client may come back soon
   * @returns the bytes that it sends to all subscribers together
   */
  unsubscribe(connection: Connection, channel: LocalChannel, mayReturn: boolean = false): number {
    if (!connection.isOn(channel)) return 0;
    connection.left(channel);
    const userId = channel.members?.userOf(connection);
    const { user, bytes, place } = channel.remove(connection, mayReturn && !this.isClosing && this.leaves.wait);
    if (place !== undefined) this.leaves.add(place, channel);
    this.left(channel, user, mayReturn, userId);
    return bytes + (this.isClosing ? 0 : this.tellCount(channel));
  }

  /** Tells the subscribers of a channel how many they are. Returns the bytes that are sent. */
  protected tellCount(channel: LocalChannel): number {
    return this.counts?.changed(channel) ?? 0;
  }

  /**
   * A subscription, or a place that was kept, is there no more.
   * @param goneUser on a presence channel, a user who is a member no more
   * @param _userId on a presence channel, whose subscription or place it was
   */
  protected left(
    channel: LocalChannel,
    goneUser: string | undefined,
    mayReturn: boolean,
    _userId: string | undefined,
  ): void {
    if (!channel.isOccupied) this.parts.channels.delete(channel.name);
    else if (!this.isClosing) this.pace.changed(channel);
    this.parts.observer?.left(channel, goneUser, mayReturn);
  }

  /** Gives up the places that are kept for a user, who has been sent away. */
  endPlacesOf(userId: string): void {
    this.leaves.endOf(userId);
  }

  /** All connections are about to go, and have been told: from now on nobody is told who has left. */
  beginClose(): void {
    this.isClosing = true;
    this.parts.observer?.closing?.();
    this.leaves.endAll();
    this.counts?.stop();
    this.pace.stop();
  }
}

/** Sends the event of a cache channel to a connection that speaks no protocol. @param text undefined for none */
export function sendPlain(connection: PlainConnection, text: string | undefined): void {
  if (text !== undefined) connection.send(plainFrame(JSON.parse(text) as Publication));
}
