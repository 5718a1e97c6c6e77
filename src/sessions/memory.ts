import { TimeSlices } from '../core/time-slices.js';
import { type Identify, identifyUser, type PushUser, type SessionStore, type StoredSession } from './adapter.js';
import { checkChannelId, checkedTtl, newChannelId } from './kept.js';

/** Users before expired sessions are looked for the first time; after that, whenever their number has doubled. */
const FIRST_SWEEP = 1024;

/** Options of {@link memorySessions}. */
export interface MemorySessionsOptions<User = PushUser> {
  /** How long a session lives after `add` or `touch`, in milliseconds. @default Infinity: until it is removed */
  ttl?: number | undefined;
  /** A user's id. @default the user itself, or its `id` */
  identify?: Identify<User> | undefined;
}

/** Sessions in this process's memory: they end with it, and other processes do not see them. */
export type MemorySessions<User = PushUser> = SessionStore<User>;

/** Sessions kept in memory: the default, right for one process and for tests. */
export function memorySessions<User = PushUser>(options: MemorySessionsOptions<User> = {}): MemorySessions<User> {
  const { identify = identifyUser } = options;
  const defaultTtl = checkedTtl(options.ttl ?? Number.POSITIVE_INFINITY);
  /** Expiry by channel id, by user id. */
  const sessions = new Map<string, Map<string, number>>();
  /** At this many users, those who have left are forgotten: without it, a user who is never sent to again would stay for good. */
  let sweepAt = FIRST_SWEEP;

  function live(userId: string): readonly string[] {
    const channels = sessions.get(userId);
    if (channels === undefined) return [];
    const now = Date.now();
    for (const [channelId, expiresAt] of channels) if (expiresAt <= now) channels.delete(channelId);
    if (channels.size === 0) sessions.delete(userId);
    return [...channels.keys()];
  }

  function put(userId: string, channelId: string, ttl: number): StoredSession {
    const expiresAt = Date.now() + checkedTtl(ttl);
    const channels = sessions.get(userId) ?? new Map<string, number>();
    channels.set(channelId, expiresAt);
    sessions.set(userId, channels);
    if (sessions.size >= sweepAt) {
      for (const id of [...sessions.keys()]) live(id);
      sweepAt = Math.max(FIRST_SWEEP, sessions.size * 2);
    }
    return { channelId, userId, expiresAt };
  }

  return {
    identify,

    async channelsFor(users) {
      const found: (readonly string[])[] = [];
      const slices = new TimeSlices();
      for (const user of users) {
        found.push(live(identify(user)));
        if (slices.isOver) await slices.next();
      }
      return found;
    },

    async add(user, channelId = newChannelId(), { ttl = defaultTtl } = {}) {
      checkChannelId(channelId);
      return put(identify(user), channelId, ttl);
    },

    async remove(user, channelId) {
      const userId = identify(user);
      if (channelId === undefined) sessions.delete(userId);
      else sessions.get(userId)?.delete(channelId);
      live(userId);
    },

    async touch(user, channelId, { ttl = defaultTtl } = {}) {
      const userId = identify(user);
      if (!live(userId).includes(channelId)) return false;
      put(userId, channelId, ttl);
      return true;
    },
  };
}
