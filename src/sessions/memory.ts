import { TimeSlices } from '../core/time-slices.js';
import { type Identify, identifyUser, type PushUser, type SessionStore, type StoredSession } from './adapter.js';
import { checkChannelId, checkedTtl, newChannelId } from './session-data.js';

/** Time between two searches for expired sessions, in milliseconds. */
const SWEEP_MS = 30_000;

/** Options of {@link memorySessions}. */
export interface MemorySessionsOptions<User = PushUser> {
  /** How long a session lives after `add` or `touch`, in milliseconds; above 0. @default Infinity: until `remove` */
  ttl?: number | undefined;
  /** Returns the id of a user. @default identifyUser: the user itself, or its `id` */
  identify?: Identify<User> | undefined;
}

/** A session store in this process's memory. Its sessions end with the process, and other processes do not see them. */
export type MemorySessions<User = PushUser> = SessionStore<User>;

/**
 * Stores sessions in this process's memory. It is the default, and suits one process and tests.
 * @throws ValidationError for a wrong `ttl`
 * @example
 * const sessions = memorySessions({ ttl: 24 * 60 * 60 * 1000 });
 * PushService.configure({ backend: 'console', sessions });
 * const { channelId } = await sessions.add('ann');
 */
export function memorySessions<User = PushUser>(options: MemorySessionsOptions<User> = {}): MemorySessions<User> {
  const { identify = identifyUser } = options;
  const defaultTtl = checkedTtl(options.ttl ?? Number.POSITIVE_INFINITY);
  /** By user id: the end of each session, by channel id. It goes by a clock that nobody can set. */
  const sessions = new Map<string, Map<string, number>>();
  let isSweepDue = false;

  function live(userId: string): readonly string[] {
    const channels = sessions.get(userId);
    if (channels === undefined) return [];
    const now = performance.now();
    for (const [channelId, endsAt] of channels) if (endsAt <= now) channels.delete(channelId);
    if (channels.size === 0) sessions.delete(userId);
    return [...channels.keys()];
  }

  function put(userId: string, channelId: string, ttl: number): StoredSession {
    const endsAt = performance.now() + checkedTtl(ttl);
    const channels = sessions.get(userId) ?? new Map<string, number>();
    channels.set(channelId, endsAt);
    sessions.set(userId, channels);
    if (endsAt !== Number.POSITIVE_INFINITY) sweepSoon();
    return { channelId, userId, expiresAt: Date.now() + ttl };
  }

  /** Without searches, a user who is never sent to again would stay in memory for good. */
  function sweepSoon(): void {
    if (isSweepDue) return;
    isSweepDue = true;
    setTimeout(() => void sweep(), SWEEP_MS).unref();
  }

  async function sweep(): Promise<void> {
    isSweepDue = false;
    const slices = new TimeSlices();
    for (const [userId, channels] of sessions) {
      const now = performance.now();
      for (const [channelId, endsAt] of channels) {
        if (endsAt <= now) channels.delete(channelId);
        else if (endsAt !== Number.POSITIVE_INFINITY) sweepSoon();
        if (slices.isOver) await slices.next();
      }
      if (channels.size === 0) sessions.delete(userId);
    }
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
