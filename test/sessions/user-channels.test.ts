import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  AuthenticationError,
  createPushService,
  type PushService,
  type SessionAdapter,
  userChannels,
  ValidationError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

test('each user has one channel, made from the id, and counts as live', async () => {
  expect(await userChannels().channelsFor(['ann', 42, 7n, { id: 'zoe' }])).toEqual([['ann'], ['42'], ['7'], ['zoe']]);
  expect(await userChannels({ prefix: 'private-user-' }).channelsFor(['ann', { id: 42 }])).toEqual([
    ['private-user-ann'],
    ['private-user-42'],
  ]);
});

test('users may be of any kind with identify', async () => {
  const sessions = userChannels<{ email: string }>({ prefix: 'u-', identify: ({ email }) => email.replace('@', '=') });
  expect(await sessions.channelsFor([{ email: 'ann@example.com' }])).toEqual([['u-ann=example.com']]);
});

test('nobody is unreachable, and one user given twice is sent to once', async () => {
  const backend = new RecordingBackend();
  const report = await createPushService({ backend, sessions: userChannels({ prefix: 'u-' }) }).send({
    users: [42, '42', 'ann'],
    data: 1,
  });
  expect(report).toMatchObject({ channels: ['u-42', 'u-ann'], unreachable: [], status: 'accepted' });
});

test('a user without an id is refused, with and without a prefix', async () => {
  for (const sessions of [userChannels(), userChannels({ prefix: 'u-' })]) {
    await failureOf(ValidationError, () => sessions.channelsFor([{} as { id: string }]));
    await failureOf(ValidationError, () => sessions.channelsFor(['']));
  }
});

describe('an id that makes no channel name', () => {
  const keys = { appId: '1', pubKey: 'key', secretKey: 'secret' };
  const prefix = 'private-user-';

  function onWebSocket(sessions: SessionAdapter = userChannels({ prefix })): PushService {
    const push = createPushService({ backend: 'websocket', ...keys, options: { port: 0 }, sessions });
    onTestFinished(() => push.close());
    return push;
  }

  async function channelOf(push: PushService, id: string): Promise<string | undefined> {
    return (await push.sessions.channelsFor([id]))[0]?.[0]?.slice(prefix.length);
  }

  test.each([
    ['stuart+1@example.com', 'stuart=2B1@example.com'],
    ['auth0|5', 'auth0=7C5'],
    ['Zoë Ä', 'Zo=C3=AB=20=C3=84'],
    ['*', '=2A'],
    ['ann=example.com', 'ann=example.com'],
    ['a,b;c.d@e', 'a,b;c.d@e'],
    ['a=2Bb', 'a=3D2Bb'],
    ['a=3D2Bb', 'a=3D3D2Bb'],
    ['a=2bb', 'a=2bb'],
    ['a=41', 'a=41'],
  ])('is encoded, and no other: %s', async (id, name) => {
    expect(await channelOf(onWebSocket(), id)).toBe(name);
  });

  test('shares its channel with no other id', async () => {
    const push = onWebSocket();
    const id = fc.string({
      unit: fc.constantFrom('=', '+', '2', 'B', '3', 'D', ',', '.', 'ü', ' '),
      minLength: 1,
      maxLength: 9,
    });
    const owners = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(id, async (user) => {
        const name = (await channelOf(push, user)) ?? '';
        expect(owners.get(name) ?? user).toBe(user);
        owners.set(name, user);
      }),
      { numRuns: 5000 },
    );
  });

  test('has the same channel in a send, in the permission to hear it, and in the configuration of its page', async () => {
    const push = onWebSocket();
    const user = 'stuart+1@example.com';
    const { channels, status } = await push.send({ users: [user, 'ann'], data: 1 });
    expect({ channels, status }).toEqual({
      channels: [`${prefix}stuart=2B1@example.com`, `${prefix}ann`],
      status: 'accepted',
    });
    expect((await push.clientConfig({ user })).channels).toEqual(channels.slice(0, 1));
    const [channel = ''] = channels;
    expect(await push.authorizeChannel({ channel, socketId: '1.2', user })).toHaveProperty('auth');
    await failureOf(
      AuthenticationError,
      push.authorizeChannel({ channel, socketId: '1.2', user: 'stuart=2B1@example.com' }),
    );
  });

  test('stays as it is where the server knows the user by it, and where the backend takes it', async () => {
    const signedIn = onWebSocket(userChannels({ prefix: '#server-to-user-' }));
    expect(await signedIn.sessions.channelsFor(['auth0|5'])).toEqual([['#server-to-user-auth0|5']]);
    const anything = createPushService({ backend: new RecordingBackend(), sessions: userChannels() });
    expect(await anything.sessions.channelsFor(['auth0|5', 'a=2Bb'])).toEqual([['auth0|5'], ['a=2Bb']]);
  });

  test('and does not fit in the end is reported for that user alone', async () => {
    const push = onWebSocket();
    const [long, half] = ['x'.repeat(200), 'a\ud800'];
    const report = await push.send({ users: ['ann', long, half, 'bob'], data: 1 });
    expect(report).toMatchObject({
      status: 'partial',
      accepted: [`${prefix}ann`, `${prefix}bob`],
      unreachable: [],
      rejected: [
        { channel: prefix + long, error: { code: 'VALIDATION' } },
        { channel: prefix + half, error: { code: 'VALIDATION' } },
      ],
    });
    expect(report.channels).toHaveLength(4);
    expect(report.rejected[0]?.error.message).toContain('has 213 characters; the websocket backend takes 164.');
    const failure = await failureOf(ValidationError, push.send({ users: long, data: 1 }));
    expect(failure.message).toContain('has 213 characters');
  });

  test('and is refused by a check of the backend itself is reported for that user alone', async () => {
    const backend = new RecordingBackend();
    backend.checkChannels = (channels) => {
      if (channels.includes('u-zoe')) throw new ValidationError('not to Zoe');
    };
    const push = createPushService({ backend, sessions: userChannels({ prefix: 'u-' }) });
    const report = await push.send({ users: ['ann', 'zoe', 'bob'], data: 1 });
    expect(report).toMatchObject({ accepted: ['u-ann', 'u-bob'], rejected: [{ channel: 'u-zoe' }] });
    expect(backend.sent).toEqual([['u-ann'], ['u-bob']]);
    await failureOf(ValidationError, push.send({ channels: ['u-ann', 'u-zoe'], data: 1 }));
  });
});
