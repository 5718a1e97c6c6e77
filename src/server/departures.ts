import { closeCode } from '../pusher-protocol/messages.js';
import type { Connection } from './connection.js';
import { type ConnectionOwner, ConnectionOwners } from './connection-owners.js';
import type { LocalChannel } from './local-channel.js';
import type { PlainConnection } from './plain/connection.js';

/** What an application asks for about its connections, on this node or on all. */
export type ConnectionRequest =
  /** Ends a connection, with code 4009. */
  | { readonly do: 'disconnect'; readonly socketId: string }
  /**
   * Ends the connections that are signed in as a user, with code 4009. Where the user was lost and is still kept as a
   * member, the user leaves.
   */
  | { readonly do: 'disconnectUser'; readonly userId: string }
  /**
   * Ends the connections of a user or a session, with code 4200: their clients reconnect, and ask anew for each private
   * channel. They leave presence channels at once. Those without a protocol end with 4009.
   */
  | { readonly do: 'sendAway'; readonly owner: ConnectionOwner }
  /** Notes whom a connection is authorised for. One that is not there is ignored: it has ended, or was never here. */
  | { readonly do: 'noteOwner'; readonly socketId: string; readonly owner: ConnectionOwner };

/** The application whose connections they are. */
export interface DepartureHost {
  readonly limits: { readonly maxChannelsPerConnection: number };
  /** By socket id. */
  readonly connections: ReadonlyMap<string, Connection>;
  readonly channels: ReadonlyMap<string, LocalChannel>;
  /** The connections that are signed in as a user. */
  connectionsOf(userId: string): readonly Connection[];
  /** Ends a connection because the application wants it, with code 4009. */
  dismiss(connection: Connection): void;
  /** Ends a connection whose client may reconnect, but has left its channels for good. */
  cutOff(connection: Connection, code: number, reason: string): void;
  /** Gives up the places that presence channels keep for a user, who has been sent away. */
  endPlacesOf(userId: string): void;
}

const askAnew = 'What this connection may hear has changed: reconnect, and ask anew';

/** Does on this node what an application asks for about its connections, and knows whose they are. */
export class Departures {
  readonly #app: DepartureHost;
  readonly #owners: ConnectionOwners;
  readonly #plain = new Set<PlainConnection>();

  constructor(app: DepartureHost) {
    this.#app = app;
    this.#owners = new ConnectionOwners(app.limits.maxChannelsPerConnection);
  }

  /** Notes a connection that speaks no protocol. */
  addPlain(connection: PlainConnection): void {
    this.#plain.add(connection);
  }

  /** Forgets a connection; a second time changes nothing. */
  forget(connection: Connection): void {
    this.#plain.delete(connection as PlainConnection);
    this.#owners.forget(connection);
  }

  /** Returns for how many connections it was done. */
  perform(request: ConnectionRequest): number {
    switch (request.do) {
      case 'disconnect': {
        const connection = this.#app.connections.get(request.socketId);
        if (connection !== undefined) this.#app.dismiss(connection);
        return connection === undefined ? 0 : 1;
      }
      case 'disconnectUser':
        return this.#disconnectUser(request.userId);
      case 'sendAway':
        return this.#sendAway(request.owner);
      case 'noteOwner': {
        const connection = this.#app.connections.get(request.socketId);
        if (connection !== undefined && !this.#owners.note(connection, request.owner)) this.#sendToAskAnew(connection);
        return connection === undefined ? 0 : 1;
      }
    }
  }

  #disconnectUser(userId: string): number {
    const connections = this.#app.connectionsOf(userId);
    for (const connection of connections) this.#app.dismiss(connection);
    this.#app.endPlacesOf(userId);
    return connections.length;
  }

  #sendAway(owner: ConnectionOwner): number {
    const { userId, sessionChannel } = owner;
    const going = new Set(this.#owners.of(owner));
    // Another process may have authorised them, so what a connection does tells, too.
    if (userId !== undefined) for (const connection of this.#app.connectionsOf(userId)) going.add(connection);
    const channels = [...this.#app.channels.values()].filter(
      ({ name, members }) => name === sessionChannel || (userId !== undefined && members?.has(userId) === true),
    );
    for (const connection of channels.length > 0 ? this.#app.connections.values() : [])
      if (channels.some((channel) => isOn(channel, connection, userId))) going.add(connection);
    for (const connection of going) this.#sendToAskAnew(connection);
    // A bare WebSocket knows no code that tells it to come back.
    const plain = [...this.#plain].filter((connection) => connection.belongsTo(owner));
    for (const connection of plain) this.#app.dismiss(connection);
    if (userId !== undefined) this.#app.endPlacesOf(userId);
    return going.size + plain.length;
  }

  #sendToAskAnew(connection: Connection): void {
    this.#app.cutOff(connection, closeCode.reconnect, askAnew);
  }
}

/** Whether a connection is subscribed to a channel, or is about to be: on a presence channel, as a user. */
function isOn(channel: LocalChannel, connection: Connection, userId: string | undefined): boolean {
  if (!connection.isOn(channel) && !connection.isEntering(channel)) return false;
  return channel.members === undefined || channel.members.userOf(connection) === userId;
}
