import { afterEach, describe, expect, test } from 'vitest';
import {
  createPushService,
  DeliveryError,
  memorySessions,
  type PushService,
  type SessionAdapter,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

let backend = new RecordingBackend();
let service: PushService;

function start(sessions?: SessionAdapter, limits = {}): PushService {
  backend = new RecordingBackend(limits);
  service = createPushService({ backend, sessions, retries: 0 });
  return service;
}

afterEach(() => service.close());

describe('channels', () => {
  function* generated(): Generator<string> {
    yield 'a';
    yield 'b';
    yield 'a';
  }

  test.each([
    ['a string', 'a', ['a']],
    ['an array', ['b', 'a', 'c'], ['b', 'a', 'c']],
    ['a set', new Set(['b', 'a']), ['b', 'a']],
    ['a generator', generated(), ['a', 'b']],
    ['an array with duplicates', ['b', 'a', 'b', 'c', 'a'], ['b', 'a', 'c']],
  ])('may be %s; each is sent to once, in order', async (_what, channels, expected) => {
    const report = await start(undefined, { maxChannelsPerRequest: 100 }).send({ channels, data: 1 });
    expect(report.channels).toEqual(expected);
    expect(backend.sent).toEqual([expected]);
  });

  test('a string is one channel, not a list of letters', async () => {
    await start().send({ channels: 'orders', data: 1 });
    expect(backend.sent).toEqual([['orders']]);
  });
});

describe('users', () => {
  test('may be an id, an object with one, or any iterable of either', async () => {
    const sessions = memorySessions();
    await sessions.add('ann', 'ann-1');
    await sessions.add(42, 'n-1');
    await sessions.add(9007199254740993n, 'big-1');
    await sessions.add({ id: 'zoe' }, 'zoe-1');
    const push = start(sessions);
    const reports = [
      await push.send({ users: 'ann', data: 1 }),
      await push.send({ users: 42, data: 1 }),
      await push.send({ users: 9007199254740993n, data: 1 }),
      await push.send({ users: { id: 'zoe' }, data: 1 }),
      await push.send({ users: new Set(['ann', 'zoe']), data: 1 }),
      await push.send({ users: [{ id: 42 }, { id: 'ann' }][Symbol.iterator](), data: 1 }),
    ];
    expect(reports.map((report) => report.channels)).toEqual([
      ['ann-1'],
      ['n-1'],
      ['big-1'],
      ['zoe-1'],
      ['ann-1', 'zoe-1'],
      ['n-1', 'ann-1'],
    ]);
  });

  test('every session of a user is sent to; a session that two users share, once', async () => {
    const sessions = memorySessions();
    await sessions.add('ann', 'phone');
    await sessions.add('ann', 'shared');
    await sessions.add('zoe', 'shared');
    await sessions.add('zoe', 'desk');
    const report = await start(sessions).send({ users: ['ann', 'zoe'], data: 1 });
    expect(report.channels).toEqual(['phone', 'shared', 'desk']);
    expect(report.accepted).toEqual(['phone', 'shared', 'desk']);
  });

  test('users without a live session come back as they were given', async () => {
    const sessions = memorySessions();
    await sessions.add('ann', 'ann-1');
    const gone = { id: 'gone', name: 'Gone' };
    const report = await start(sessions).send({
      users: [gone, { id: 'ann', name: 'Ann' }, { id: 7, name: 'Seven' }],
      data: 1,
    });
    expect(report.unreachable).toEqual([gone, { id: 7, name: 'Seven' }]);
    expect(report.unreachable[0]).toBe(gone);
    expect(report.status).toBe('accepted');
  });

  test.each([
    ['no user has a session', ['nobody'], ['nobody']],
    ['the list is empty', [], []],
  ])('when %s the report says unreachable and nothing is sent', async (_when, users, unreachable) => {
    const report = await start().send({ users, data: 1 });
    expect(report).toMatchObject({
      status: 'unreachable',
      channels: [],
      accepted: [],
      rejected: [],
      unreachable,
      attempts: 0,
    });
    expect(backend.requests).toEqual([]);
  });

  test('all users are looked up in one round trip', async () => {
    const asked: unknown[] = [];
    const sessions: SessionAdapter = {
      channelsFor: async (users) => {
        asked.push(users);
        return users.map((user) => [`to-${String(user)}`]);
      },
    };
    await start(sessions).send({ users: ['a', 'b', 'c'], data: 1 });
    expect(asked).toEqual([['a', 'b', 'c']]);
  });
});

describe('the report', () => {
  test('tells everything about a message that was accepted', async () => {
    const report = await start().send({ event: 'order.shipped', channels: ['a', 'b'], data: 1 });
    expect(report).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      event: 'order.shipped',
      status: 'accepted',
      channels: ['a', 'b'],
      accepted: ['a', 'b'],
      rejected: [],
      skipped: [],
      unreachable: [],
      info: {},
      attempts: 2,
      durationMs: expect.any(Number),
    });
    expect(report.durationMs).toBeGreaterThanOrEqual(0);
    expect(backend.requests.map(({ message }) => message.id)).toEqual([report.id, report.id]);
  });

  test('two sends have different ids', async () => {
    const push = start();
    const [one, two] = [await push.send({ channels: 'a', data: 1 }), await push.send({ channels: 'a', data: 1 })];
    expect(one.id).not.toBe(two.id);
  });

  test('a partial failure resolves, naming what went out and what did not, each in order', async () => {
    const push = start();
    backend.answer = ({ channels: [channel] }) => {
      if (channel === 'b' || channel === 'd') throw new Error(`no ${channel}`);
    };
    const report = await push.send({ channels: ['a', 'b', 'c', 'd'], data: 1 });
    expect(report.status).toBe('partial');
    expect(report.accepted).toEqual(['a', 'c']);
    expect(report.rejected.map(({ channel, error }) => [channel, error.message])).toEqual([
      ['b', 'The recording backend failed: no b'],
      ['d', 'The recording backend failed: no d'],
    ]);
  });

  test('when every channel was rejected, a DeliveryError carries it', async () => {
    const push = start();
    backend.answer = () => {
      throw new Error('out of order');
    };
    const error = await failureOf(DeliveryError, push.send({ channels: ['a', 'b'], data: 1 }));
    expect(error.message).toBe(
      'The recording backend did not accept the message for all 2 channels, the first of them "a": The recording backend failed: out of order',
    );
    expect(error).toMatchObject({ code: 'DELIVERY', backend: 'recording', retryable: false, outcome: 'unknown' });
    expect(error.report).toMatchObject({ status: 'rejected', channels: ['a', 'b'], accepted: [], attempts: 2 });
    expect(error.report?.rejected.map(({ channel }) => channel)).toEqual(['a', 'b']);
    expect(error.cause).toBe(error.report?.rejected[0]?.error);
  });

  test('a connection that was refused counts as rejected, one that broke as unknown', async () => {
    const push = start();
    const outcomeOf = async (code: string): Promise<string> => {
      backend.answer = () => {
        throw Object.assign(new Error(code), { code });
      };
      return (await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }))).outcome;
    };
    expect(await outcomeOf('ECONNREFUSED')).toBe('rejected');
    expect(await outcomeOf('ECONNRESET')).toBe('unknown');
  });
});

test('the event is push-event unless it is named', async () => {
  const report = await start().send({ channels: 'a', data: 1 });
  expect(report.event).toBe('push-event');
  expect(backend.requests[0]?.message.event).toBe('push-event');
});
