import { memberAdded, memberRemoved, subscriptionSucceeded } from '../pusher-protocol/messages.js';
import { isPresence } from '../pusher-protocol/names.js';
import type { ProtocolUser } from '../pusher-protocol/users.js';
import { textFrame } from './frames.js';
import { PresenceMembers } from './presence.js';

/** A connection, as far as a channel needs it. */
export interface ChannelSubscriber {
  send(frame: Buffer): void;
}

/** A channel with its subscribers in this process. It exists while it has any. */
export class LocalChannel {
  readonly name: string;
  /** The users on it; undefined unless it is a presence channel. */
  readonly members: PresenceMembers | undefined;
  readonly #subscribers = new Set<ChannelSubscriber>();

  constructor(name: string) {
    this.name = name;
    this.members = isPresence(name) ? new PresenceMembers() : undefined;
  }

  /** Number of connections that are subscribed. */
  get size(): number {
    return this.#subscribers.size;
  }

  /**
   * Adds a subscriber and confirms its subscription. The other members hear of a user who was not there before.
   * @param member the subscriber's user, on a presence channel
   * @returns the id of a user who was not there before
   */
  add(subscriber: ChannelSubscriber, member: ProtocolUser | undefined): string | undefined {
    let members: readonly ProtocolUser[] | undefined;
    let newUser: string | undefined;
    if (this.members !== undefined && member !== undefined) {
      const isNew = this.members.add(subscriber, member);
      if (isNew) {
        this.deliver(textFrame(memberAdded(this.name, member)));
        newUser = member.id;
      }
      members = this.members.list();
    }
    this.#subscribers.add(subscriber);
    subscriber.send(textFrame(subscriptionSucceeded(this.name, members)));
    return newUser;
  }

  /** Removes a subscriber. When it was its user's last, the other members hear of it and the user's id is returned. */
  remove(subscriber: ChannelSubscriber): string | undefined {
    this.#subscribers.delete(subscriber);
    const goneUser = this.members?.remove(subscriber);
    if (goneUser !== undefined && this.size > 0) this.deliver(textFrame(memberRemoved(this.name, goneUser)));
    return goneUser;
  }

  /** Sends a frame to the subscribers. @param except the one that does not get it */
  deliver(frame: Buffer, except?: ChannelSubscriber): void {
    if (except === undefined) {
      for (const subscriber of this.#subscribers) subscriber.send(frame);
      return;
    }
    for (const subscriber of this.#subscribers) if (subscriber !== except) subscriber.send(frame);
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
}

/** Hears what happens on an application's channels. Its methods MUST NOT throw, and MUST NOT keep the channel. */
export interface ChannelObserver {
  /** A connection has subscribed. @param newUser on a presence channel, a user who was not there before */
  joined(channel: LocalChannel, newUser: string | undefined): void;
  /** A connection has left. @param goneUser on a presence channel, a user whose last connection it was */
  left(channel: LocalChannel, goneUser: string | undefined): void;
  /** A client has sent an event. @param socketId the client's */
  clientEvent(event: Publication, socketId: string): void;
  /** Somebody has subscribed to a cache channel that has no event. */
  cacheMissed(channel: string): void;
}
