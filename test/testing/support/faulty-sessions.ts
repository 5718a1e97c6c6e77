import { setImmediate } from 'node:timers/promises';
import { vi } from 'vitest';
import { identifyUser, memorySessions, type PushUser, type SessionStore } from '../../../src/index.js';
import type { SessionHarness, SessionSubject } from '../../../src/testing/index.js';

/** Makes an adapter that does something wrong out of one that does all right. */
export type Fault = (right: SessionStore) => Partial<SessionStore>;

/** Session adapters under a clock that is moved by hand; `another` is the adapter itself. */
export function faultyHarness(
  fault: Fault,
  more: (sessions: SessionStore) => Partial<SessionSubject> = () => ({}),
): SessionHarness {
  return {
    create() {
      vi.useFakeTimers({ toFake: ['Date', 'performance'] });
      const right = memorySessions();
      const sessions = { ...right, ...fault(right) };
      return {
        sessions,
        another: () => sessions,
        pass: (ms) => void vi.advanceTimersByTime(ms),
        close: () => void vi.useRealTimers(),
        ...more(sessions),
      };
    },
    waitMs: 20,
  };
}

/** Changes what is answered. */
export function answering(change: (found: string[][], users: readonly PushUser[]) => unknown): Fault {
  return (right) => ({
    async channelsFor(users) {
      const found = await right.channelsFor(users);
      return change(
        found.map((channels) => [...channels]),
        users,
      ) as string[][];
    },
  });
}

/** Knows users by another id than theirs. */
export function knowingUsersBy(identify: (user: PushUser) => string): Fault {
  return () => memorySessions({ identify });
}

export const handsOutItsOwnLists: Fault = (right) => {
  const lists = new Map<string, readonly string[]>();
  return {
    async channelsFor(users) {
      const found = await right.channelsFor(users);
      return users.map((user, n) => {
        const list = lists.get(identifyUser(user)) ?? found[n] ?? [];
        lists.set(identifyUser(user), list);
        return list;
      });
    },
  };
};

export const sortsTheUsers: Fault = (right) => ({
  channelsFor: (users) => right.channelsFor((users as PushUser[]).sort()),
});

export const asksForEachUser: Fault = (right) => ({
  async channelsFor(users) {
    const found: (readonly string[])[] = [];
    for (const user of users) found.push(...(await right.channelsFor([user])));
    return found;
  },
});

export function makingIds(make: (n: number) => string): Fault {
  let made = 0;
  return (right) => ({ add: (user, channelId = make(++made), options) => right.add(user, channelId, options) });
}

/** Reads a user's sessions, and writes them all back a little later. */
export const writesBackWhatItRead: Fault = () => {
  const kept = new Map<string, readonly string[]>();
  async function change(user: PushUser, to: (channels: readonly string[]) => readonly string[]): Promise<void> {
    const before = kept.get(identifyUser(user)) ?? [];
    await setImmediate();
    kept.set(identifyUser(user), to(before));
  }
  return {
    channelsFor: async (users) => users.map((user) => kept.get(identifyUser(user)) ?? []),
    async add(user, channelId = '') {
      await change(user, (channels) => [...channels.filter((other) => other !== channelId), channelId]);
      return { channelId, expiresAt: Number.POSITIVE_INFINITY };
    },
    remove: (user, channelId) => change(user, (channels) => channels.filter((other) => other !== channelId)),
    touch: async (user, channelId) => kept.get(identifyUser(user))?.includes(channelId) === true,
  };
};

/** One expiry for all sessions of a user: that of the last one. */
export const endsAllWithTheLast: Fault = (right) => {
  const added = new Map<string, Set<string>>();
  return {
    async add(user, channelId = '', options) {
      const channels = added.get(identifyUser(user)) ?? new Set();
      added.set(identifyUser(user), channels.add(channelId));
      for (const other of channels) await right.add(user, other, options);
      return right.add(user, channelId, options);
    },
  };
};

export const keepsTheFirstEnd: Fault = (right) => ({
  async add(user, channelId, options) {
    const [channels = []] = await right.channelsFor([user]);
    if (channelId !== undefined && channels.includes(channelId)) return { channelId, expiresAt: Number.MAX_VALUE };
    return right.add(user, channelId, options);
  },
});

export const revives: Fault = (right) => ({
  async touch(user, channelId, options) {
    await right.add(user, channelId, options);
    return true;
  },
});

export const revivesInSecret: Fault = (right) => ({
  async touch(user, channelId, options) {
    const isLive = await right.touch(user, channelId, options);
    await right.add(user, channelId, options);
    return isLive;
  },
});

export const addsInAnyCase: Fault = (right) => ({
  add: (user, channelId, options) => right.add(user, channelId, { ttl: options?.ttl }),
});

/** Remembers removals under a key of its own. */
export function remembersRemovals(keyOf: (user: string, channelId: string | undefined) => string): Fault {
  return (right) => {
    const removed = new Set<string>();
    return {
      async add(user, channelId = '', options) {
        if (options?.unlessRemoved === true && removed.has(keyOf(identifyUser(user), channelId)))
          return { channelId, expiresAt: 0 };
        return right.add(user, channelId, { ttl: options?.ttl });
      },
      async remove(user, channelId) {
        removed.add(keyOf(identifyUser(user), channelId));
        await right.remove(user, channelId);
      },
    };
  };
}
