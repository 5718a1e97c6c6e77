import type { PresenceMember } from '../../channels-protocol/messages.js';

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
