import { describe, expect, test } from 'vitest';
import {
  type ChannelResult,
  createPushService,
  memorySessions,
  type OutgoingMessage,
  ValidationError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

describe('what a provider tells of a channel', () => {
  test('is in the report, by channel', async () => {
    const backend = new RecordingBackend({ maxChannelsPerRequest: 3 });
    backend.answer = ({ channels }): ChannelResult[] =>
      channels.map((channel) => (channel === 'b' ? { channel } : { channel, info: { subscriptionCount: 2 } }));
    const { info } = await createPushService({ backend }).send({ channels: ['a', 'b', '__proto__'], data: 1 });
    expect(Object.entries(info)).toEqual([
      ['a', { subscriptionCount: 2 }],
      ['__proto__', { subscriptionCount: 2 }],
    ]);
  });
});

describe('an encoder of the backend', () => {
  test('takes the place of the built-in one', async () => {
    const backend = new RecordingBackend();
    backend.stringify = (data) =>
      JSON.stringify(data, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    await createPushService({ backend }).send({ channels: 'a', data: { id: 12n } });
    expect(backend.requests[0]?.message).toMatchObject({ data: { id: '12' }, payload: '{"id":"12"}' });
  });

  test.each<[string, () => unknown]>([
    ['no text', () => undefined],
    ['no JSON', () => '{'],
    [
      'an error',
      () => {
        throw new TypeError('oops');
      },
    ],
  ])('that makes %s is an error before anything is sent', async (_what, stringify) => {
    const backend = new RecordingBackend();
    backend.stringify = stringify as () => string;
    const error = await failureOf(ValidationError, createPushService({ backend }).send({ channels: 'a', data: 1 }));
    expect(error.message).toBe('The recording backend\'s own encoder returned no JSON for "data".');
    expect(backend.requests).toEqual([]);
  });
});

describe('checks by channel', () => {
  test('see the message and every channel, before anything is sent', async () => {
    const backend = new RecordingBackend();
    const seen: [readonly string[], string][] = [];
    backend.checkChannels = (channels, { payload }: OutgoingMessage) => {
      if (channels.length > 0) seen.push([channels, payload]);
      if (channels.includes('session-of-ben')) throw new ValidationError('not for ben');
    };
    const sessions = memorySessions();
    await sessions.add('ann', 'session-of-ann');
    await sessions.add('ben', 'session-of-ben');
    const push = createPushService({ backend, sessions });
    await push.send({ channels: ['a', 'b'], data: 1 });
    await push.send({ users: 'ann', data: 2 });
    await failureOf(
      ValidationError,
      push.sendMany([
        { users: 'ann', data: 3 },
        { channels: 'session-of-ben', data: 4 },
      ]),
    );
    expect(seen).toEqual([
      [['a', 'b'], '1'],
      [['session-of-ann'], '2'],
      [['session-of-ben'], '4'],
    ]);
    expect(backend.sent).toEqual([['a'], ['b'], ['session-of-ann']]);
    const reports = await push.sendMany([
      { users: 'ann', data: 5 },
      { users: 'ben', data: 6 },
    ]);
    expect(reports.map(({ status }) => status)).toEqual(['accepted', 'rejected']);
    expect(reports[1]?.rejected).toEqual([{ channel: 'session-of-ben', error: new ValidationError('not for ben') }]);
    expect(backend.sent.slice(3)).toEqual([['session-of-ann']]);
  });
});

describe('an idempotency key', () => {
  test('reaches a backend that can use one', async () => {
    const backend = new RecordingBackend({ idempotencyKey: true });
    const push = createPushService({ backend });
    await push.send({ channels: 'a', data: 1, idempotencyKey: 'order-42' });
    await push.send({ channels: 'a', data: 1 });
    expect(backend.requests.map(({ message }) => message.idempotencyKey)).toEqual(['order-42', undefined]);
  });

  test.each(['', 'x'.repeat(256), 42])('that is %j is refused', async (idempotencyKey) => {
    const push = createPushService({ backend: new RecordingBackend({ idempotencyKey: true }) });
    const error = await failureOf(ValidationError, push.send({ channels: 'a', data: 1, idempotencyKey } as never));
    expect(error.message).toBe('"idempotencyKey" must be a string of 1 to 255 characters.');
  });
});
