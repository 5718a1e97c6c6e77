import type { WatchlistEvent } from '../../pusher-protocol/messages.js';
import type { ProtocolUser } from '../../pusher-protocol/users.js';
import { backoffDelay } from '../../wire/backoff.js';
import type { Connection } from '../connection.js';
import { SignedInUsers, stateEvents } from '../signed-in-users.js';
import type { AppRelay, AppTopics } from './app-relay.js';
import { idOf, itemOf } from './item-text.js';
import type { SetChange } from './relay.js';

const PREFIX = '!user/';
const ONLINE = 'online';

/** Those who are signed in on this node, and those who are watched here and may be signed in on any. */
export class SharedUsers extends SignedInUsers implements AppTopics {
  readonly #relay: AppRelay;
  /** The users who are watched here, and whether they were online when their watchers last heard. */
  readonly #watched = new Map<string, { readonly listening: Promise<void>; isOnline: boolean | undefined }>();
  readonly #telling = new Map<string, Promise<unknown>>();

  constructor(relay: AppRelay) {
    super();
    this.#relay = relay;
  }

  override async add(connection: Connection, user: ProtocolUser, watched: readonly string[]): Promise<number> {
    const bytes = super.add(connection, user, watched);
    const telling = this.#telling.get(user.id);
    // Other nodes are told when the relay is back.
    const isTold = telling === undefined || (await this.#relay.whileThere(telling.then(() => true)));
    if (isTold === undefined && this.connectionsOf(user.id).length > 0) this.#tellState(user.id, true);
    return bytes;
  }

  protected override came(userId: string): number {
    const telling = this.#hold(userId, true).finally(() => {
      if (this.#telling.get(userId) === telling) this.#telling.delete(userId);
    });
    this.#telling.set(userId, telling);
    return 0;
  }

  protected override went(userId: string): void {
    this.#telling.delete(userId);
    void this.#hold(userId, false);
  }

  #hold(userId: string, isOnline: boolean): Promise<unknown> {
    const share = isOnline ? { weight: 1 } : undefined;
    return this.#relay.hold(nameOf(userId), ONLINE, '', share, { isTold: true });
  }

  protected override watchedChanged(userId: string, isWatched: boolean): void {
    const name = nameOf(userId);
    if (isWatched) {
      const listening = this.#relay.listen(name, this);
      const watched = { listening, isOnline: undefined };
      this.#watched.set(userId, watched);
      // The watchers have been told already, without the relay.
      void listening.then(() => {
        if (this.#watched.get(userId) === watched && watched.isOnline !== undefined) this.missed(name);
      });
    } else {
      this.#watched.delete(userId);
      this.#relay.leave(name);
    }
  }

  override async stateOf(userIds: readonly string[]): Promise<readonly WatchlistEvent[]> {
    const online = (await this.#relay.whileThere(this.#heardOf(userIds))) ?? this.#onlineHere(userIds);
    for (const id of userIds) this.#note(id, online.has(id));
    return stateEvents(userIds, (id) => online.has(id));
  }

  /** Those of the users who are online, of whom everything is heard from then on. */
  async #heardOf(userIds: readonly string[]): Promise<ReadonlySet<string>> {
    await Promise.all(userIds.map((id) => this.#watched.get(id)?.listening));
    return this.#onlineOf(userIds);
  }

  #onlineHere(userIds: readonly string[]): ReadonlySet<string> {
    return new Set(userIds.filter((id) => this.connectionsOf(id).length > 0));
  }

  async #onlineOf(userIds: readonly string[]): Promise<ReadonlySet<string>> {
    const sets = userIds.map((id) => ({ topic: this.#relay.topicOf(nameOf(id)), set: ONLINE }));
    for (let failures = 0; ; failures++) {
      try {
        const figures = await this.#relay.node.connection.figures(sets);
        return new Set(userIds.filter((_, index) => (figures[index]?.items ?? 0) > 0));
      } catch {
        // The relay is away, which is in the log already. A node that is closed has none any more.
        if (!this.#relay.node.isOpen) return new Set();
        await new Promise((resolve) => setTimeout(resolve, backoffDelay(failures, 50, 2000)).unref());
      }
    }
  }

  /** Notes how a user is. Returns whether the watchers have to be told. */
  #note(userId: string, isOnline: boolean): boolean {
    const watched = this.#watched.get(userId);
    if (watched === undefined || watched.isOnline === isOnline) return false;
    watched.isOnline = isOnline;
    return true;
  }

  event(): void {
    // Nothing but changes is published about a user.
  }

  changed(name: string, { set, came, left }: SetChange): void {
    if (set !== ONLINE || came.length + left.length === 0) return;
    this.#tellState(idOf(name.slice(PREFIX.length)), came.length > 0);
  }

  #tellState(userId: string, isOnline: boolean): void {
    if (this.#note(userId, isOnline)) this.tell(isOnline ? 'online' : 'offline', userId);
  }

  missed(name: string): void {
    const userId = idOf(name.slice(PREFIX.length));
    void this.#onlineOf([userId]).then((online) => {
      // The relay may not have heard yet of those who are here.
      const isOnline = online.has(userId) || this.connectionsOf(userId).length > 0;
      // Whoever is told again of all nodes does not know yet who is on the others.
      if (isOnline || !this.#relay.node.isToldAgain(this.#relay.topicOf(name))) this.#tellState(userId, isOnline);
    });
  }
}

function nameOf(userId: string): string {
  return PREFIX + itemOf(userId);
}
