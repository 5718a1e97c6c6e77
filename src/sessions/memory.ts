import { TimeSlices } from '../core/time-slices.js';
import type { Identify, PushUser, SessionStore, StoredSession } from './adapter.js';
import { recalling } from './recalled.js';
import { checkChannelId, checkedTtl, newChannelId, REMOVAL_KEPT_MS } from './session-data.js';

/** Time between two searches for expired sessions, in milliseconds. */
const SWEEP_MS = 30_000;
/** Stands for all sessions of a user. No channel has this id. */
const EVERY_CHANNEL = '';

/** By user id: an end for each channel id, by a clock that nobody can set. */
type Ends = Map<string, Map<string, number>>;

const NEVER_USED =
  'no session was ever added to memorySessions(): use the middleware pushSession() of pushrail/http, or call sessions.add(user) when a page of the user loads, or set sessions: userChannels() to have one channel for each user. Where another process has the sessions, both need redisSessions() or userChannels()';

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
  const { identify, recall } = recalling(options.identify);
  const defaultTtl = checkedTtl(options.ttl ?? Number.POSITIVE_INFINITY);
  const sessions: Ends = new Map();
  /** Until when removals are remembered. */
  const removals: Ends = new Map();
  let isSweepDue = false;
  let isUsed = false;

  function put(userId: string, channelId: string, ttl: number): StoredSession {
    setEnd(sessions, userId, channelId, checkedTtl(ttl));
    removals.get(userId)?.delete(channelId);
    if (ttl !== Number.POSITIVE_INFINITY) sweepSoon();
    return { channelId, userId, expiresAt: Date.now() + ttl };
  }

  function isRemoved(userId: string, channelId: string): boolean {
    const removed = live(removals, userId);
    return removed.includes(channelId) || (removed.includes(EVERY_CHANNEL) && !isLive(userId, channelId));
  }

  function isLive(userId: string, channelId: string): boolean {
    return live(sessions, userId).includes(channelId);
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
    for (const ends of [sessions, removals]) {
      for (const [userId, channels] of ends) {
        const now = performance.now();
        for (const [channelId, endsAt] of channels) {
          if (endsAt <= now) channels.delete(channelId);
          else if (endsAt !== Number.POSITIVE_INFINITY) sweepSoon();
          if (slices.isOver) await slices.next();
        }
        if (channels.size === 0) ends.delete(userId);
      }
    }
  }

  return {
    identify,
    recall,

    advice: () => (isUsed ? undefined : NEVER_USED),

    async channelsFor(users) {
      const found: (readonly string[])[] = [];
      const slices = new TimeSlices();
      let now = performance.now();
      for (const user of users) {
        found.push(live(sessions, identify(user), now));
        if (!slices.isOver) continue;
        await slices.next();
        now = performance.now();
      }
      return found;
    },

    async add(user, channelId = newChannelId(), { ttl = defaultTtl, unlessRemoved = false } = {}) {
      checkChannelId(channelId);
      checkedTtl(ttl);
      isUsed = true;
      const userId = identify(user);
      if (unlessRemoved && isRemoved(userId, channelId)) return { channelId, userId, expiresAt: 0 };
      return put(userId, channelId, ttl);
    },

    async remove(user, channelId) {
      const userId = identify(user);
      if (channelId === undefined) sessions.delete(userId);
      else sessions.get(userId)?.delete(channelId);
      setEnd(removals, userId, channelId ?? EVERY_CHANNEL, REMOVAL_KEPT_MS);
      sweepSoon();
      live(sessions, userId);
    },

    async touch(user, channelId, { ttl = defaultTtl } = {}) {
      const userId = identify(user);
      if (!isLive(userId, channelId)) return false;
      put(userId, channelId, ttl);
      return true;
    },
  };
}

function setEnd(ends: Ends, userId: string, channelId: string, ms: number): void {
  const channels = ends.get(userId) ?? new Map<string, number>();
  channels.set(channelId, performance.now() + ms);
  ends.set(userId, channels);
}

/** The channels of a user whose end has not come. */
function live(ends: Ends, userId: string, now: number = performance.now()): readonly string[] {
  const channels = ends.get(userId);
  if (channels === undefined) return [];
  for (const [channelId, endsAt] of channels) if (endsAt <= now) channels.delete(channelId);
  if (channels.size === 0) ends.delete(userId);
  return [...channels.keys()];
}
