import { memberAdded, memberRemoved, subscriptionSucceeded } from '../pusher-protocol/messages.js';
import { isPresence } from '../pusher-protocol/names.js';
import type { ProtocolUser } from '../pusher-protocol/users.js';
import { textFrame } from './frames.js';
import { type Arrival, type HeldPlace, type MemberList, PresenceMembers } from './presence.js';
import { PresenceNotices } from './presence-notices.js';
import type { LogEntry } from './relay/relay.js';
import { itemsOf, type SmallSet, sizeOf, withItem, withoutItem } from './small-set.js';

/** A connection, as far as a channel needs it. */
export interface ChannelSubscriber {
  /** @param messages how many messages it holds. @default 1 */
  send(frame: Buffer, messages?: number): void;
}

/** What a subscription or its end has changed on a channel. */
export interface ChannelChange {
  /** On a presence channel: a user who was not there before, or whose last subscription it was. */
  readonly user: string | undefined;
  /** Bytes that it sends to all subscribers together. */
  readonly bytes: number;
  /** The place that is kept from now on, or the one that is kept no longer because its user is back. */
  readonly place?: HeldPlace | undefined;
}

/** A channel with its subscribers in this process. It exists while it has any, or keeps a place for one. */
export class LocalChannel {
  readonly name: string;
  /** Its users on this node; undefined unless it is a presence channel. */
  readonly members: PresenceMembers | undefined;
  /** On a cache channel: whether the observer knows that there is no event for its subscribers. */
  isMissTold = false;
  /** How many they are, as all subscribers have been told; undefined when they know different numbers, or none. */
  toldSize: number | undefined;
  #subscribers: SmallSet<ChannelSubscriber>;
  /** Those that hear its events alone, in frames of their own. */
  #plain: Set<ChannelSubscriber> | undefined;
  /** The confirmation with the list of the members, until they change: it may be large, and all get the same. */
  #confirmation: Buffer | undefined;
  /** Who has come and gone since the subscribers were told; undefined for nobody. */
  #notices: PresenceNotices | undefined;

  constructor(name: string) {
    this.name = name;
    this.members = isPresence(name) ? new PresenceMembers() : undefined;
  }

  /** Its users as all know them; undefined unless it is a presence channel. */
  get everyone(): MemberList | undefined {
    return this.members;
  }

  /** Number of connections that are subscribed, over all nodes. */
  get total(): number {
    return this.size;
  }

  /** Number of connections that are subscribed here. */
  get size(): number {
    return sizeOf(this.#subscribers) + (this.#plain?.size ?? 0);
  }

  /** Number of connections that hear who comes and goes. */
  get memberConnections(): number {
    return sizeOf(this.#subscribers);
  }

  /** Whether it has subscribers or members. A member who was lost is kept for some time, without a subscription. */
  get isOccupied(): boolean {
    return this.size > 0 || (this.members?.count ?? 0) > 0;
  }

  /**
   * Adds a subscriber and confirms its subscription. The other members have to be told of a user who was not there
   * before, see {@link tellNotices}.
   * @param member the subscriber's user, on a presence channel
   */
  add(subscriber: ChannelSubscriber, member: ProtocolUser | undefined): ChannelChange {
    const change = this.admit(subscriber, member);
    return { ...change, bytes: change.bytes + this.confirm(subscriber) };
  }

  /** Notes whose a subscription is that is about to be confirmed. */
  admit(subscriber: ChannelSubscriber, member: ProtocolUser | undefined): ChannelChange {
    const arrival = member && this.members?.add(subscriber, member);
    if (member === undefined || arrival === undefined) return { user: undefined, bytes: 0 };
    return {
      user: arrival.isNew ? member.id : undefined,
      bytes: this.noteArrival(member, arrival),
      place: arrival.place,
    };
  }

  /** Confirms a subscription, which is one from now on. Returns the bytes that are sent. */
  confirm(subscriber: ChannelSubscriber): number {
    this.#subscribers = withItem(this.#subscribers, subscriber);
    this.#notices?.joined(subscriber);
    const confirmation = this.#confirmationFrame();
    subscriber.send(confirmation);
    return confirmation.length;
  }

  /** Returns the bytes that the subscribers have to be sent. */
  protected noteArrival(member: ProtocolUser, { isNew, isChanged = false }: Arrival): number {
    // Pages take the details of a member who is added, and not those of one who is there.
    const removed = isChanged ? this.note(memberRemoved(this.name, member.id)) : 0;
    return removed + (isNew || isChanged ? this.note(memberAdded(this.name, member)) : 0);
  }

  /** Returns the bytes that the subscribers have to be sent. */
  protected noteLeave(userId: string): number {
    return this.note(memberRemoved(this.name, userId));
  }

  /** Adds a subscriber that speaks no protocol. It is nobody's member, and hears nothing but {@link deliverPlain}. */
  addPlain(subscriber: ChannelSubscriber): void {
    this.#plain ??= new Set();
    this.#plain.add(subscriber);
  }

  /** Whether it has subscribers that speak no protocol. */
  get hasPlain(): boolean {
    return this.#plain !== undefined && this.#plain.size > 0;
  }

  /** Sends a frame to the subscribers that speak no protocol. */
  deliverPlain(frame: Buffer): void {
    for (const subscriber of this.#plain ?? []) subscriber.send(frame);
  }

  /**
   * Removes a subscriber. When it was its user's last, the other members have to be told, see {@link tellNotices}.
   * @param isKept whether its place is kept for its user instead
   */
  remove(subscriber: ChannelSubscriber, isKept = false): ChannelChange {
    if (this.#plain?.delete(subscriber) !== true) this.#subscribers = withoutItem(this.#subscribers, subscriber);
    if (isKept && this.members !== undefined)
      return { user: undefined, bytes: 0, place: this.members.hold(subscriber) };
    return this.#left(this.members?.remove(subscriber));
  }

  /** Keeps a place no longer. When nothing else keeps its user, the members have to be told. */
  release(place: HeldPlace): ChannelChange {
    return this.#left(this.members?.release(place));
  }

  #left(user: string | undefined): ChannelChange {
    return { user, bytes: user === undefined ? 0 : this.noteLeave(user) };
  }

  /** Notes that a member has come or gone. Returns the bytes that the subscribers have to be sent. */
  protected note(text: string): number {
    this.#confirmation = undefined;
    const { memberConnections } = this;
    if (memberConnections === 0) return 0;
    const frame = textFrame(text);
    this.#notices ??= new PresenceNotices();
    this.#notices.add(frame);
    return frame.length * memberConnections;
  }

  /** Bytes of what the subscribers have to be told of members who have come and gone. */
  get waitingNoticeBytes(): number {
    return this.#notices?.bytes ?? 0;
  }

  /** Tells the subscribers of the members who have come and gone. */
  tellNotices(): void {
    const notices = this.#notices;
    this.#notices = undefined;
    notices?.deliver(itemsOf(this.#subscribers));
  }

  #confirmationFrame(): Buffer {
    if (this.everyone === undefined) return textFrame(subscriptionSucceeded(this.name));
    this.#confirmation ??= textFrame(subscriptionSucceeded(this.name, this.everyone.list()));
    return this.#confirmation;
  }

  /**
   * Sends a frame to the subscribers, who are told before it of the members who have come and gone.
   * @param except the one that does not get it
   */
  deliver(frame: Buffer, except?: ChannelSubscriber): void {
    this.tellNotices();
    // Without an iterator for the lone subscriber that most channels have.
    const subscribers = this.#subscribers;
    if (subscribers instanceof Set) {
      for (const subscriber of subscribers) if (subscriber !== except) subscriber.send(frame);
    } else if (subscribers !== except) subscribers?.send(frame);
  }
}

/** An event on one channel. */
export interface Publication {
  readonly channel: string;
  readonly event: string;
  /** The data as text; for anything but a text, its JSON. */
  readonly data: string;
  /** The sender's user: of a client event on a presence channel. */
  readonly userId?: string | undefined;
  /** The message's id, where the application itself has published it. */
  readonly id?: string | undefined;
}

/** Hears what happens on an application's channels. Its methods MUST NOT throw, and MUST NOT keep the channel. */
export interface ChannelObserver {
  /**
   * A connection has subscribed.
   * @param newUser on a presence channel, a user who was not there before
   * @param isFirst whether the channel was not occupied before
   */
  joined(channel: LocalChannel, newUser: string | undefined, isFirst: boolean): void;
  /**
   * A connection has left, or a place is kept for one no longer.
   * @param goneUser on a presence channel, a user who is a member no more
   * @param mayReturn whether the connection was only lost, so that its client may come back soon
   */
  left(channel: LocalChannel, goneUser: string | undefined, mayReturn: boolean): void;
  /**
   * Resolves when all nodes can know what it was told of a channel; undefined when they can already. It MUST NOT
   * reject.
   */
  whenTold?(channel: string): Promise<void> | undefined;
  /** The server is about to close: who leaves from now on may come to another node. */
  closing?(): void;
  /** A client has sent an event. @param socketId the client's */
  clientEvent(event: Publication, socketId: string): void;
  /**
   * A client's event is about to be published through a relay, in place of {@link clientEvent}.
   * @param publish publishes it, and with it what a log of the relay gets
   * @returns what that returns
   */
  publishClientEvent?<Result>(
    event: Publication,
    socketId: string,
    publish: (entry: LogEntry | undefined) => Promise<Result>,
  ): Promise<Result>;
  /** Somebody has subscribed to a cache channel that has no event. Told once until it has one, or nobody is there. */
  cacheMissed(channel: string): void;
}
