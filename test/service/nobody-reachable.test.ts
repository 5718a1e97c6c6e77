import { describe, expect, test } from 'vitest';
import {
  createPushService,
  memorySessions,
  type PushService,
  type SessionAdapter,
  userChannels,
} from '../../src/index.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';

const toAnn = { users: 'ann', event: 'e', data: 1 };

function setUp(sessions?: SessionAdapter): { push: PushService; logger: RecordingLogger } {
  const logger = new RecordingLogger();
  return { push: createPushService({ backend: new RecordingBackend(), sessions, logger }), logger };
}

describe('send to users, when no session was ever added to memorySessions()', () => {
  test('is unreachable, and warns once what to do', async () => {
    const { push, logger } = setUp();
    expect(await push.send(toAnn)).toMatchObject({ status: 'unreachable' });
    await push.sendMany([{ ...toAnn, users: ['ben', 'zoe'] }]);
    expect(logger.entries).toEqual([
      {
        level: 'warn',
        details: {},
        text: 'send({ users }) reached nobody, because no session was ever added to memorySessions(): use the middleware pushSession() of pushrail/http, or call sessions.add(user) when a page of the user loads, or set sessions: userChannels() to have one channel for each user. Where another process has the sessions, both need redisSessions() or userChannels()',
      },
    ]);
  });

  test('warns no more once one was added, though it has ended since', async () => {
    const sessions = memorySessions();
    const { push, logger } = setUp(sessions);
    await sessions.add('zoe');
    await sessions.remove('zoe');
    expect(await push.send(toAnn)).toMatchObject({ status: 'unreachable' });
    expect(logger.entries).toEqual([]);
  });

  test('warns no more of a copy of the adapter either', async () => {
    const sessions = memorySessions();
    const { push, logger } = setUp({ ...sessions });
    await sessions.add('zoe');
    await push.send(toAnn);
    expect(logger.entries).toEqual([]);
  });
});

test.each<[string, SessionAdapter]>([
  ['userChannels()', userChannels()],
  ['an adapter of one method', { channelsFor: async (users) => users.map(() => []) }],
])('%s causes no warning', async (_, sessions) => {
  const { push, logger } = setUp(sessions);
  await push.send(toAnn);
  expect(logger.entries).toEqual([]);
});

test('nothing is warned of when no users are sent to', async () => {
  const { push, logger } = setUp();
  await push.send({ channels: 'a', data: 1 });
  await push.send({ users: [], data: 1 });
  expect(logger.entries).toEqual([]);
});
