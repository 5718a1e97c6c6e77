import type { Connection } from './connection.js';

/** Who a connection was authorised for: a user, a session, or both. */
export interface ConnectionOwner {
  readonly userId?: string | undefined;
  /** The channel of the session. */
  readonly sessionChannel?: string | undefined;
}

/**
 * The connections of an application by the users and sessions that they were authorised for, so that a log-out can find
 * them. A connection may have several, as when somebody logs in while the page stays. It is forgotten when it ends.
 */
export class ConnectionOwners {
  readonly #maxKeys: number;
  readonly #connections = new Map<string, Set<Connection>>();

  /** @param maxChannels how many channels a connection may have, each for another user and session */
  constructor(maxChannels: number) {
    this.#maxKeys = 2 * maxChannels;
  }

  /** Notes an owner of a connection. Returns false when it has had more than it may have channels for. */
  note(connection: Connection, owner: ConnectionOwner): boolean {
    for (const key of keysOf(owner)) {
      connection.owners ??= new Set();
      connection.owners.add(key);
      const connections = this.#connections.get(key);
      if (connections === undefined) this.#connections.set(key, new Set([connection]));
      else connections.add(connection);
    }
    return (connection.owners?.size ?? 0) <= this.#maxKeys;
  }

  /** The connections of an owner. */
  of(owner: ConnectionOwner): readonly Connection[] {
    return keysOf(owner).flatMap((key) => [...(this.#connections.get(key) ?? [])]);
  }

  /** Forgets a connection; a second time changes nothing. */
  forget(connection: Connection): void {
    for (const key of connection.owners ?? []) {
      const connections = this.#connections.get(key);
      connections?.delete(connection);
      if (connections?.size === 0) this.#connections.delete(key);
    }
    connection.owners = undefined;
  }

  /** How many users and sessions are known. */
  get size(): number {
    return this.#connections.size;
  }
}

function keysOf({ userId, sessionChannel }: ConnectionOwner): readonly string[] {
  return [
    ...(userId === undefined ? [] : [`user ${userId}`]),
    ...(sessionChannel === undefined ? [] : [`session ${sessionChannel}`]),
  ];
}
