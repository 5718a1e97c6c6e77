import { memberAdded, memberRemoved, type PresenceMember, subscriptionSucceeded } from '../pusher-protocol/messages.js';
import { isPresence } from '../pusher-protocol/names.js';
import { textFrame } from './frames.js';

/** What a channel needs of a subscriber. */
export interface Subscriber {
  send(frame: Buffer): void;
}

/** A channel that someone is subscribed to. */
export class Channel {
  readonly name: string;
  readonly presence: Presence | undefined;
  readonly #subscribers = new Set<Subscriber>();

  constructor(name: string) {
    this.name = name;
    this.presence = isPresence(name) ? new Presence() : undefined;
  }

  get size(): number {
    return this.#subscribers.size;
  }

  /** Different users, on a presence channel. */
  get userCount(): number | undefined {
    return this.presence?.count;
  }

  /** Adds a subscriber, and tells it and the other members so. Returns the user who was not there before. */
  add(subscriber: Subscriber, member: PresenceMember | undefined): string | undefined {
    let members: readonly PresenceMember[] | undefined;
    let newUser: string | undefined;
    if (this.presence !== undefined && member !== undefined) {
      const isNew = this.presence.add(subscriber, member);
      if (isNew) {
        this.publish(textFrame(memberAdded(this.name, member)));
        newUser = member.id;
      }
      members = this.presence.list();
    }
    this.#subscribers.add(subscriber);
    subscriber.send(textFrame(subscriptionSucceeded(this.name, members)));
    return newUser;
  }

  /** Removes a subscriber, and tells the other members when its user is gone, whom it returns. */
  remove(subscriber: Subscriber): string | undefined {
    this.#subscribers.delete(subscriber);
    const goneUser = this.presence?.remove(subscriber);
    if (goneUser !== undefined && this.size > 0) this.publish(textFrame(memberRemoved(this.name, goneUser)));
    return goneUser;
  }

  publish(frame: Buffer, except?: Subscriber): void {
    if (except === undefined) {
      for (const subscriber of this.#subscribers) subscriber.send(frame);
      return;
    }
    for (const subscriber of this.#subscribers) if (subscriber !== except) subscriber.send(frame);
  }
}

/** Who is on a presence channel. A user is on it once, however many connections they have. */
export class Presence {
  readonly #members = new Map<string, { info: string | undefined; connections: number }>();
  readonly #userOf = new Map<object, string>();

  get count(): number {
    return this.#members.size;
  }

  get ids(): readonly string[] {
    return [...this.#members.keys()];
  }

  has(userId: string): boolean {
    return this.#members.has(userId);
  }

  /** Whose connection this is. */
  userOf(connection: object): string | undefined {
    return this.#userOf.get(connection);
  }

  /** Returns whether the user was not there before. */
  add(connection: object, { id, info }: PresenceMember): boolean {
    this.#userOf.set(connection, id);
    const member = this.#members.get(id);
    if (member === undefined) {
      this.#members.set(id, { info, connections: 1 });
      return true;
    }
    member.connections++;
    return false;
  }

  /** Returns the user when this was their last connection. */
  remove(connection: object): string | undefined {
    const id = this.#userOf.get(connection);
    const member = id === undefined ? undefined : this.#members.get(id);
    this.#userOf.delete(connection);
    if (id === undefined || member === undefined || --member.connections > 0) return undefined;
    this.#members.delete(id);
    return id;
  }

  list(): readonly PresenceMember[] {
    return Array.from(this.#members, ([id, { info }]) => ({ id, info }));
  }
}
