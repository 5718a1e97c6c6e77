import { MemoryStore, type SessionData } from 'express-session';
import { describe, expect, test } from 'vitest';
import {
  ConfigurationError,
  createPushService,
  expressSessions,
  type SessionLister,
  ValidationError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

function sessionOf(userId: string | undefined, channelId: string, expires?: unknown, more: object = {}): object {
  return { cookie: { originalMaxAge: null, expires }, pushSession: { channelId, userId }, ...more };
}

/** A store that calls back with these sessions. */
function calling(sessions: unknown): SessionLister {
  return { all: (callback) => void setImmediate(callback, null, sessions) };
}

describe('sessions are read', () => {
  const list = [sessionOf('ann', 'desk'), sessionOf('bob', 'phone'), sessionOf('ann', 'watch')];

  test.each<[string, SessionLister]>([
    ['called back as a list', calling(list)],
    ['called back by their ids', calling({ a: list[0], b: list[1], c: list[2] })],
    ['promised', { all: async () => list }],
    ['called back by what also promises', { all: async (callback) => callback(null, list) }],
    ['called back at once', { all: (callback) => callback(undefined, list) }],
  ])('that are %s', async (_how, store) => {
    expect(await expressSessions(store).channelsFor(['bob', 'nobody', 'ann'])).toEqual([
      ['phone'],
      [],
      ['desk', 'watch'],
    ]);
  });

  test.each([null, undefined, [], {}])('from a store that has %j', async (sessions) => {
    expect(await expressSessions(calling(sessions)).channelsFor(['ann'])).toEqual([[]]);
  });

  test('unless their time is over', async () => {
    const [past, future] = [new Date(Date.now() - 1), new Date(Date.now() + 60_000)];
    const sessions = [past, past.toISOString(), future, future.toISOString(), null, undefined, false, 'no date'];
    const store = calling(sessions.map((expires, n) => sessionOf('ann', `channel-${n}`, expires)));
    expect(await expressSessions(store).channelsFor(['ann'])).toEqual([
      ['channel-2', 'channel-3', 'channel-4', 'channel-5', 'channel-6', 'channel-7'],
    ]);
  });

  test('unless they hold no channel, or are no sessions', async () => {
    const kept = [undefined, null, 'desk', {}, { channelId: 5, userId: 'ann' }, { channelId: '', userId: 'ann' }];
    const sessions = [null, 5, ...kept.map((pushSession) => ({ pushSession })), sessionOf(undefined, 'visitor')];
    expect(await expressSessions(calling(sessions)).channelsFor(['ann', 'undefined'])).toEqual([[], []]);
  });

  test('of the user whom the application names', async () => {
    const store = calling([
      sessionOf('ignored', 'desk', null, { passport: { user: { email: 'Ann@example.com' } } }),
      sessionOf('ignored', 'phone', null, { passport: {} }),
    ]);
    const sessions = expressSessions<{ email: string }>(store, {
      user: ({ passport }) => (passport as { user?: { email: string } }).user,
      identify: ({ email }) => email.toLowerCase(),
    });
    expect(await sessions.channelsFor([{ email: 'ann@EXAMPLE.com' }])).toEqual([['desk']]);
  });

  test('once for any number of users, and not at all for none', async () => {
    let lists = 0;
    const store: SessionLister = {
      all: async () => {
        lists++;
        return [];
      },
    };
    const sessions = expressSessions(store);
    expect(await sessions.channelsFor([])).toEqual([]);
    expect(lists).toBe(0);
    await sessions.channelsFor(Array.from({ length: 1000 }, (_, n) => n));
    expect(lists).toBe(1);
  });

  test('from the memory store of express-session', async () => {
    const store = new MemoryStore();
    for (const [id, user] of Object.entries({ one: 'ann', two: 'bob' }))
      store.set(id, sessionOf(user, `channel-${id}`) as SessionData);
    expect(await expressSessions(store).channelsFor(['bob', 'ann'])).toEqual([['channel-two'], ['channel-one']]);
  });
});

describe('what goes wrong is told', () => {
  test.each([undefined, null, {}, { get: () => {} }])('when the store is %j, which lists nothing', async (store) => {
    const failure = await failureOf(ConfigurationError, () => expressSessions(store as SessionLister));
    expect(failure.message).toBe(
      'expressSessions() needs a session store with the method all(), such as the MemoryStore of express-session or connect-redis. ' +
        'This store has no all(): use another store, or redisSessions().',
    );
  });

  test.each<[string, SessionLister]>([
    ['calls back with an error', { all: (callback) => callback(new Error('disk full')) }],
    ['throws', { all: () => expect.fail('disk full') }],
    ['rejects', { all: () => Promise.reject(new Error('disk full')) }],
  ])('when the store %s, and nothing is sent', async (_what, store) => {
    const sessions = expressSessions(store);
    const failure = await failureOf(Error, () => sessions.channelsFor(['ann']));
    expect(failure.message).toBe('The session store could not list its sessions: disk full');
    const backend = new RecordingBackend();
    const sending = createPushService({ backend, sessions }).send({ users: 'ann', data: 1 });
    await expect(sending).rejects.toThrow('disk full');
    expect(backend.requests).toEqual([]);
  });

  test('when there is a user without an id, before the store is asked', async () => {
    const store: SessionLister = { all: () => expect.fail('the store was asked') };
    await failureOf(ValidationError, () => expressSessions(store).channelsFor(['ann', '']));
  });
});
