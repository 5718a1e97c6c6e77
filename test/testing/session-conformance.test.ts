import { describe, expect, it, test } from 'vitest';
import { memorySessions } from '../../src/index.js';
import { sessionConformance } from '../../src/testing/index.js';
import * as faulty from './support/faulty-sessions.js';

const { answering, faultyHarness, knowingUsersBy, makingIds } = faulty;

/** Adapters that do one thing wrong, by the case that they must not pass. */
const wrong: Readonly<Record<string, Readonly<Record<string, faulty.Fault>>>> = {
  'returns the channels of each user, in the order of the users': {
    'answers in an order of its own': answering((found) => found.sort()),
    'leaves out users without sessions': answering((found, users) => (users.length > 1 ? found.slice(1) : found)),
    'answers with one list': answering((found) => found.flat()),
    'answers with sets': answering((found) => found.map((channels) => new Set(channels))),
  },
  'answers an empty list with an empty list': {
    'answers with nobody': answering((found) => (found.length === 0 ? [[]] : found)),
  },
  'has no channels for a user without a session': {
    'makes channels up': answering((found, users) => found.map((channels, n) => [...channels, String(users[n])])),
    'looks at the beginning of an id': knowingUsersBy((user) => String(user).slice(0, 3)),
  },
  'has every session of a user': {
    'has the first one': answering((found) => found.map((channels) => channels.slice(0, 1))),
  },
  'gives the same answer for a user who is in the list twice': {
    'answers once for each': answering((found, users) =>
      found.map((channels, n) => (users.indexOf(users[n] ?? '') === n ? channels : [])),
    ),
  },
  'looks up 10 000 users with one call and one round trip': {
    'takes 1 000 users': answering((found) => found.map((channels, n) => (n < 1000 ? channels : []))),
  },
  'does not change the list of users': { 'sorts it': faulty.sortsTheUsers },
  'does not change when the caller changes its answer': { 'hands out its own lists': faulty.handsOutItsOwnLists },
  'takes 42, "42", 42n and { id: 42 } for one user': {
    'tells types apart': knowingUsersBy((user) => `${typeof user} ${typeof user === 'object' ? user.id : user}`),
    'names an id in a form of its own': (right) => ({ ...right, identify: (user) => `user ${String(user)}` }),
  },
  'tells apart users with similar ids': {
    'takes upper case for lower case': knowingUsersBy((user) => String(user).toLowerCase()),
    'trims ids': knowingUsersBy((user) => String(user).trim()),
    'normalises ids': knowingUsersBy((user) => String(user).normalize()),
    'cuts ids': knowingUsersBy((user) => String(user).slice(0, 255)),
    'takes ids for numbers': knowingUsersBy((user) => (Number(user) ? String(Number(user)) : String(user))),
  },
  'refuses a user without an id': {
    'takes whatever comes': knowingUsersBy((user) => JSON.stringify(user) ?? ''),
    'finds nobody instead': (right) => ({ channelsFor: (users) => right.channelsFor(users).catch(() => []) }),
    'removes nobody': (right) => ({ remove: (user, channelId) => right.remove(user, channelId).catch(() => {}) }),
    'fails with an error of its own': (right) => ({
      touch: (user, channelId) => right.touch(user, channelId).catch(() => Promise.reject(new Error('no user'))),
    }),
  },
  'adds a session with the given channel id, and says when it ends': {
    'makes one of its own': (right) => ({ add: (user, _channelId, options) => right.add(user, undefined, options) }),
    'says how long it lives': (right) => ({
      add: async (user, channelId, options) => ({
        ...(await right.add(user, channelId, options)),
        expiresAt: options?.ttl ?? 0,
      }),
    }),
  },
  'makes channel ids that nobody can guess, all different': {
    'counts, at length': makingIds((n) => `a-channel-whose-id-is-long-enough-${n}`),
    'makes random ids that are short': makingIds(() => crypto.randomUUID().slice(0, 18)),
    'makes one id': makingIds(() => 'channel'),
  },
  'keeps one session when it is added twice': {
    'counts it again': answering((found) => found.map((channels) => [...channels, ...channels])),
  },
  'removes one session of a user or all of them, and no session of another user': {
    'always removes all': (right) => ({ remove: (user) => right.remove(user) }),
    'never removes all': (right) => ({
      remove: async (user, channelId) => (channelId === undefined ? undefined : right.remove(user, channelId)),
    }),
    'removes the session of everybody': (right) => ({
      remove: async (user, channelId) => {
        for (const other of [user, 'bob']) await right.remove(other, channelId);
      },
    }),
  },
  'ignores the removal of a session that does not exist': {
    fails: (right) => ({
      async remove(user, channelId) {
        const [channels = []] = await right.channelsFor([user]);
        if (channelId !== undefined && !channels.includes(channelId)) throw new Error('no such session');
        await right.remove(user, channelId);
      },
    }),
  },
  'refuses an empty channel id and a ttl that is not above 0, and adds nothing': {
    'takes an empty id': (right) => ({ add: (user, id, options) => right.add(user, id || undefined, options) }),
    'takes a ttl of 0 for none': (right) => ({
      touch: (user, channelId, options) => right.touch(user, channelId, { ttl: options?.ttl || 1000 }),
    }),
  },
  'loses no session when others are added, renewed and removed at the same time': {
    'writes back what it read': faulty.writesBackWhatItRead,
  },
  'brings back no session that was removed a moment ago, when add() says unlessRemoved': {
    'adds it all the same': faulty.addsInAnyCase,
    'remembers the channel for everybody': faulty.remembersRemovals((_user, channelId) => channelId ?? ''),
    'does not say so': (right) => ({
      add: async (...of) => ({ ...(await right.add(...of)), expiresAt: Number.MAX_SAFE_INTEGER }),
    }),
  },
  'brings back no session of a user whose sessions were all removed a moment ago, when add() says unlessRemoved': {
    'adds it all the same': faulty.addsInAnyCase,
    'remembers single channels alone': faulty.remembersRemovals((user, channelId) => `${user} ${channelId ?? ''}`),
  },
  'restores a session that it has lost, when add() says unlessRemoved': {
    'only renews what is there': (right) => ({
      async add(user, channelId = '', options) {
        if (options?.unlessRemoved !== true) return right.add(user, channelId, options);
        await right.touch(user, channelId, options);
        return { channelId, expiresAt: 0 };
      },
    }),
  },
  'adds a removed session anew, and renews it from then on': {
    'never adds it again': (right) => ({
      add: (user, channelId, options) => right.add(user, channelId, { ...options, unlessRemoved: true }),
    }),
  },
  'forgets a session when it expires, and keeps the others of the user': {
    'never forgets': (right) => ({ add: (user, channelId) => right.add(user, channelId) }),
    'ends all sessions with the last one': faulty.endsAllWithTheLast,
  },
  'keeps a session that has no end': {
    'ends it after all': (right) => ({
      add: (user, channelId, options) => right.add(user, channelId, { ttl: Math.min(options?.ttl ?? 1, 1e9) }),
    }),
    'ends all sessions with the last one': faulty.endsAllWithTheLast,
  },
  'renews the lifetime of a session that is added again': { 'keeps the first end': faulty.keepsTheFirstEnd },
  'renews the lifetime of a live session with touch': {
    'says so and does nothing': () => ({ touch: async () => true }),
    'says that there is none': (right) => ({ touch: async (...of) => (await right.touch(...of)) && false }),
  },
  'never revives a session with touch': {
    'adds it': faulty.revives,
    'adds it in secret': faulty.revivesInSecret,
    'says that there is one': (right) => ({ touch: async (...of) => (await right.touch(...of)) || true }),
  },
};

describe.each(Object.entries(wrong))('does not pass "%s"', (name, faults) => {
  test.each(Object.entries(faults))('an adapter that %s', async (_what, fault) => {
    const found = sessionConformance(faultyHarness(fault)).find((one) => one.name === name);
    await expect(found?.run()).rejects.toThrow();
  });
});

test('does not pass an adapter that asks for each user, where round trips are told', async () => {
  let trips = 0;
  const counted: faulty.Fault = (right) =>
    faulty.asksForEachUser({
      ...right,
      channelsFor: (users) => {
        trips++;
        return right.channelsFor(users);
      },
    });
  const cases = sessionConformance(faultyHarness(counted, () => ({ roundTrips: () => trips })));
  await expect(cases.find(({ name }) => name.includes('10 000'))?.run()).rejects.toThrow(
    '10 000 users must take one round trip; they took 10000',
  );
});

test('does not pass an adapter that keeps to itself what other processes are to see', async () => {
  const cases = sessionConformance(
    faultyHarness(
      () => ({}),
      () => ({ another: () => memorySessions() }),
    ),
  );
  const aboutOthers = cases.filter(({ name }) => name.includes('another process'));
  expect(aboutOthers).toHaveLength(2);
  for (const { run } of aboutOthers) await expect(run()).rejects.toThrow();
});

describe('an adapter that does everything right', () => {
  const cases = sessionConformance(faultyHarness(() => ({})));

  it.each(cases)('passes: $name', async ({ run }) => {
    expect(await run()).toEqual({ skipped: undefined });
  });

  it('is told of no case that no wrong adapter fails', () => {
    const covered = [
      ...Object.keys(wrong),
      'shares sessions with an adapter of another process',
      'brings back no session that another process has removed, when add() says unlessRemoved',
    ];
    expect(cases.map(({ name }) => name).filter((name) => !covered.includes(name))).toEqual([]);
  });
});

test('an adapter that only reads is checked with the sessions that the harness gives it', async () => {
  const harness = faultyHarness(
    () => ({}),
    (sessions) => {
      const { channelsFor } = sessions;
      return {
        sessions: { channelsFor },
        add: async (user, channelId, ttl) => void (await sessions.add(user, channelId, { ttl })),
      };
    },
  );
  const reasons = new Set<string | undefined>();
  for (const { run } of sessionConformance(harness)) reasons.add((await run()).skipped);
  expect(reasons).toEqual(new Set([undefined, 'the adapter has no add(), remove() and touch()']));
});
