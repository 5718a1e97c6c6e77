import { expect, test } from 'vitest';
import { createPushService, userChannels, ValidationError } from '../../src/index.js';
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
