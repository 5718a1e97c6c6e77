import type { ProtocolUser } from '../pusher-protocol/users.js';

/** The members of one presence channel. A user is a member once, however many connections they have. */
export class PresenceMembers {
  readonly #members = new Map<string, { info: string | undefined; connections: number }>();
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

  /** The id of the user whom a connection belongs to. */
  userOf(connection: object): string | undefined {
    return this.#userOf.get(connection);
  }

  /** Adds a connection of a user. Returns whether it is the user's first. */
  add(connection: object, { id, info }: ProtocolUser): boolean {
    this.#userOf.set(connection, id);
    const member = this.#members.get(id);
    if (member === undefined) {
      this.#members.set(id, { info, connections: 1 });
      return true;
    }
    member.connections++;
    return false;
  }

  /** Removes a connection. Returns the user's id when it was the user's last. */
  remove(connection: object): string | undefined {
    const id = this.#userOf.get(connection);
    const member = id === undefined ? undefined : this.#members.get(id);
    this.#userOf.delete(connection);
    if (id === undefined || member === undefined || --member.connections > 0) return undefined;
    this.#members.delete(id);
    return id;
  }

  /** Each user once, in the order in which they came. */
  list(): readonly ProtocolUser[] {
    return Array.from(this.#members, ([id, { info }]) => ({ id, info }));
  }
}
