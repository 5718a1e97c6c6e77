import { type ListedMember, listedMember } from '../pusher-protocol/messages.js';
import type { ProtocolUser } from '../pusher-protocol/users.js';

/** The place of a connection that was lost, which keeps its user a member for some time. */
export interface HeldPlace {
  readonly userId: string;
}

interface Member {
  info: string | undefined;
  /** How the list has the member. */
  listed: ListedMember;
  /** Subscriptions of the user. */
  connections: number;
  /** The places that are kept for the user's lost connections, the oldest first; undefined for none. */
  held: HeldPlace[] | undefined;
}

/** The members of a presence channel, as pages know them. */
export interface MemberList {
  /** Number of users. */
  readonly count: number;
  /** The users' ids. */
  readonly ids: readonly string[];
  has(userId: string): boolean;
  /** Each user once, in the order in which they came. */
  list(): readonly ListedMember[];
}

/** What a connection that was added has changed. */
export interface Arrival {
  /** Whether the user was no member before. */
  readonly isNew: boolean;
  /** The place that the connection has taken, which is kept no longer. */
  readonly place?: HeldPlace | undefined;
  /** Whether the user has come back with other details. */
  readonly isChanged?: boolean;
}

/** The members of one presence channel. A user is a member once, however many connections they have. */
export class PresenceMembers implements MemberList {
  readonly #members = new Map<string, Member>();
  readonly #userOf = new Map<object, string>();

  /** Number of users. */
  get count(): number {
    return this.#members.size;
  }

  /** The users' ids. */
  get ids(): readonly string[] {
    return [...this.#members.keys()];
  }

  has(userId: string): boolean {
    return this.#members.has(userId);
  }

  /** How a user is a member: by a connection that lives, or only by places that are kept. Undefined for no member. */
  standing(userId: string): { readonly isLive: boolean; readonly info: string | undefined } | undefined {
    const member = this.#members.get(userId);
    return member && { isLive: member.connections > 0, info: member.info };
  }

  /** The oldest of the places that are kept for a user. */
  placeOf(userId: string): HeldPlace | undefined {
    return this.#members.get(userId)?.held?.[0];
  }

  /** The id of the user whom a connection belongs to. */
  userOf(connection: object): string | undefined {
    return this.#userOf.get(connection);
  }

  /** Adds a connection of a user. It takes the oldest of the places that are kept for the user. */
  add(connection: object, user: ProtocolUser): Arrival {
    const { id, info } = user;
    this.#userOf.set(connection, id);
    const member = this.#members.get(id);
    if (member === undefined) {
      this.#members.set(id, { info, listed: listedMember(user), connections: 1, held: undefined });
      return { isNew: true };
    }
    const isChanged = member.connections === 0 && member.info !== info;
    if (isChanged) {
      member.info = info;
      member.listed = listedMember(user);
    }
    member.connections++;
    return { isNew: false, place: takeFirst(member), isChanged };
  }

  /** Removes a connection. Returns the user's id when nothing else keeps the user a member. */
  remove(connection: object): string | undefined {
    const member = this.#leave(connection);
    return member && this.#gone(member);
  }

  /** Removes a connection that was lost, and keeps its place. Returns the place. */
  hold(connection: object): HeldPlace | undefined {
    const userId = this.#leave(connection);
    const member = userId === undefined ? undefined : this.#members.get(userId);
    if (userId === undefined || member === undefined) return undefined;
    const place = { userId };
    member.held ??= [];
    member.held.push(place);
    return place;
  }

  /** Keeps a place no longer. Returns the user's id when nothing else keeps the user a member. */
  release(place: HeldPlace): string | undefined {
    const member = this.#members.get(place.userId);
    const index = member?.held?.indexOf(place) ?? -1;
    if (member === undefined || index < 0) return undefined;
    member.held?.splice(index, 1);
    if (member.held?.length === 0) member.held = undefined;
    return this.#gone(place.userId);
  }

  /** Returns the id of the connection's user. */
  #leave(connection: object): string | undefined {
    const userId = this.#userOf.get(connection);
    const member = userId === undefined ? undefined : this.#members.get(userId);
    this.#userOf.delete(connection);
    if (member !== undefined) member.connections--;
    return userId;
  }

  #gone(userId: string): string | undefined {
    const member = this.#members.get(userId);
    if (member === undefined || member.connections > 0 || member.held !== undefined) return undefined;
    this.#members.delete(userId);
    return userId;
  }

  /** Each user once, in the order in which they came. */
  list(): readonly ListedMember[] {
    return Array.from(this.#members.values(), ({ listed }) => listed);
  }
}

function takeFirst(member: Member): HeldPlace | undefined {
  const place = member.held?.shift();
  if (member.held?.length === 0) member.held = undefined;
  return place;
}
