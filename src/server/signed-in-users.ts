import { type WatchlistEvent, watchlistEvents } from '../pusher-protocol/messages.js';
import type { ProtocolUser } from '../pusher-protocol/users.js';
import type { Connection } from './connection.js';
import { textFrame } from './frames.js';

/**
 * The users of an application who are signed in, with their connections, and the connections that watch them. A user is
 * online from the first connection's sign-in until the last one has gone, and each is told to the watchers at once: who
 * reconnects is offline in between. Source: https://pusher.com/docs/channels/using_channels/watchlist-events
 */
export class SignedInUsers {
  readonly #connections = new Map<string, Set<Connection>>();
  readonly #watchers = new Map<string, Set<Connection>>();

  /** The connections of a user. */
  connectionsOf(userId: string): readonly Connection[] {
    return [...(this.#connections.get(userId) ?? [])];
  }

  /**
   * Signs a connection in. Once more as the same user changes whom it watches.
   * @param watched the users whom it watches, each once
   * @returns the bytes that it sends to all watchers together; with a relay, a promise that resolves when all nodes
   * know
   */
  add(connection: Connection, user: ProtocolUser, watched: readonly string[]): number | Promise<number> {
    connection.user = user;
    const bytes = addTo(this.#connections, user.id, connection) ? this.came(user.id) : 0;
    this.#watch(connection, watched);
    return bytes;
  }

  /** The first connection of a user has signed in. Returns the bytes that are sent. */
  protected came(userId: string): number {
    return this.tell('online', userId);
  }

  /** The last connection of a user has gone. */
  protected went(userId: string): void {
    this.tell('offline', userId);
  }

  /** Whether a user is watched by anybody has changed. */
  protected watchedChanged(_userId: string, _isWatched: boolean): void {}

  /** Signs a connection out that is gone, or was never signed in. @param isTold whether the watchers hear of it */
  remove(connection: Connection, isTold: boolean): void {
    this.#watch(connection, []);
    const userId = connection.user?.id;
    if (userId === undefined) return;
    if (removeFrom(this.#connections, userId, connection) && isTold) this.went(userId);
  }

  /** Which of the users are here and which are not. */
  stateOf(userIds: readonly string[]): readonly WatchlistEvent[] | Promise<readonly WatchlistEvent[]> {
    return stateEvents(userIds, (id) => this.#connections.has(id));
  }

  #watch(connection: Connection, watched: readonly string[]): void {
    const before = connection.watched ?? [];
    for (const id of watched) if (addTo(this.#watchers, id, connection)) this.watchedChanged(id, true);
    const still = new Set(watched);
    const ended = before.filter((id) => !still.has(id));
    for (const id of ended) if (removeFrom(this.#watchers, id, connection)) this.watchedChanged(id, false);
    connection.watched = watched.length === 0 ? undefined : watched;
  }

  /** Tells the watchers of a user. Returns the bytes that are sent. */
  protected tell(name: WatchlistEvent['name'], userId: string): number {
    const watchers = this.#watchers.get(userId);
    if (watchers === undefined) return 0;
    const frame = textFrame(watchlistEvents([{ name, user_ids: [userId] }]));
    for (const watcher of watchers) watcher.send(frame);
    return frame.length * watchers.size;
  }
}

/** Tells of users which are here and which are not. */
export function stateEvents(userIds: readonly string[], isOnline: (id: string) => boolean): readonly WatchlistEvent[] {
  // Pusher tells first who is not here.
  const events: WatchlistEvent[] = [
    { name: 'offline', user_ids: userIds.filter((id) => !isOnline(id)) },
    { name: 'online', user_ids: userIds.filter(isOnline) },
  ];
  return events.filter(({ user_ids: ids }) => ids.length > 0);
}

/** Returns whether the key is new. */
function addTo(sets: Map<string, Set<Connection>>, key: string, connection: Connection): boolean {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([connection]));
  else set.add(connection);
  return set === undefined;
}

/** Returns whether the key is gone with its last connection. */
function removeFrom(sets: Map<string, Set<Connection>>, key: string, connection: Connection): boolean {
  const set = sets.get(key);
  return set?.delete(connection) === true && set.size === 0 && sets.delete(key);
}
