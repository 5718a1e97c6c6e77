import { describe, expect, test } from 'vitest';
import {
  AbortError,
  createPushService,
  DeliveryError,
  memorySessions,
  type PushService,
  type SendOptions,
  type SessionAdapter,
  ValidationError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

function serviceOn(backend: RecordingBackend, sessions?: SessionAdapter): PushService {
  return createPushService({ backend, sessions, retries: 0 });
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

/** Method and number of channels of each request, with how often it came: `['sendBatch 100', 2]`. */
function shapes(backend: RecordingBackend): [string, number][] {
  const counts = new Map<string, number>();
  for (const { method, channels } of backend.requests) {
    const shape = `${method} ${channels.length}`;
    counts.set(shape, (counts.get(shape) ?? 0) + 1);
  }
  return [...counts].sort();
}

/** What each channel was sent, as `channel event`. */
function sentBy(backend: RecordingBackend): string[] {
  return backend.requests.flatMap((request) =>
    request.messages.map(({ channel, message }) => `${channel} ${message.event}`),
  );
}

describe('packing', () => {
  test('1 000 messages at 10 a request take 100 requests, each message sent once', async () => {
    const backend = new RecordingBackend({ maxMessagesPerRequest: 10, maxChannelsPerRequest: 100 });
    const messages = names('c', 1000).map((channel, index) => ({ event: `e${index}`, channels: channel, data: index }));
    const reports = await serviceOn(backend).sendMany(messages);
    expect(shapes(backend)).toEqual([['sendMessages 10', 100]]);
    expect(sentBy(backend).sort()).toEqual(messages.map(({ event, channels }) => `${channels} ${event}`).sort());
    expect(reports.map(({ event }) => event)).toEqual(messages.map(({ event }) => event));
    expect(reports.every(({ attempts, status }) => attempts === 1 && status === 'accepted')).toBe(true);
  });

  test('1 003 messages at 10 a request leave a last request of 3', async () => {
    const backend = new RecordingBackend({ maxMessagesPerRequest: 10 });
    await serviceOn(backend).sendMany(names('c', 1003).map((channels) => ({ channels, data: 1 })));
    expect(shapes(backend)).toEqual([
      ['sendMessages 10', 100],
      ['sendMessages 3', 1],
    ]);
  });

  test('250 channels at 100 a request take 3 requests', async () => {
    const backend = new RecordingBackend({ maxChannelsPerRequest: 100 });
    const report = await serviceOn(backend).send({ channels: names('c', 250), data: 1 });
    expect(shapes(backend)).toEqual([
      ['sendBatch 100', 2],
      ['sendBatch 50', 1],
    ]);
    expect(report).toMatchObject({ attempts: 3, accepted: names('c', 250) });
  });

  test('a message to many channels keeps requests of its own, small ones share one', async () => {
    const backend = new RecordingBackend({ maxChannelsPerRequest: 100, maxMessagesPerRequest: 10 });
    await serviceOn(backend).sendMany([
      { event: 'wide', channels: names('w', 250), data: 1 },
      { event: 'small', channels: names('s', 3), data: 2 },
      { event: 'wide2', channels: names('v', 103), data: 3 },
      { event: 'one', channels: 'o', data: 4 },
    ]);
    expect(shapes(backend)).toEqual([
      ['sendBatch 100', 3],
      ['sendBatch 50', 1],
      ['sendMessages 7', 1],
    ]);
  });

  test('a backend that takes one message a request gets one at a time', async () => {
    const backend = new RecordingBackend();
    await serviceOn(backend).sendMany([
      { channels: ['a', 'b'], data: 1 },
      { channels: 'c', data: 2 },
    ]);
    expect(shapes(backend)).toEqual([['sendData 1', 3]]);
  });

  test('where many messages fit in a request but not many channels, channels are packed as messages', async () => {
    const backend = new RecordingBackend({ maxMessagesPerRequest: 10, maxChannelsPerRequest: 1 });
    const push = serviceOn(backend);
    await push.sendMany([
      { event: 'wide', channels: names('w', 20), data: 1 },
      { event: 'one', channels: 'o', data: 2 },
    ]);
    expect(shapes(backend)).toEqual([
      ['sendData 1', 1],
      ['sendMessages 10', 2],
    ]);
    backend.requests.length = 0;
    await push.send({ channels: names('w', 25), data: 1 });
    expect(shapes(backend)).toEqual([
      ['sendMessages 10', 2],
      ['sendMessages 5', 1],
    ]);
  });

  test('never more channels in a request than the backend takes', async () => {
    const backend = new RecordingBackend({ maxMessagesPerRequest: 10, maxChannelsPerRequest: 3 });
    await serviceOn(backend).sendMany([
      { event: 'a', channels: names('a', 20), data: 1 },
      { event: 'b', channels: names('b', 2), data: 2 },
    ]);
    expect(shapes(backend)).toEqual([
      ['sendBatch 2', 1],
      ['sendMessages 10', 2],
    ]);
  });

  test('without limits everything goes out in one request', async () => {
    const backend = new RecordingBackend({
      maxMessagesPerRequest: Number.POSITIVE_INFINITY,
      maxChannelsPerRequest: Number.POSITIVE_INFINITY,
    });
    await serviceOn(backend).sendMany([
      { channels: names('a', 300), data: 1 },
      { channels: names('b', 300), data: 2 },
    ]);
    expect(shapes(backend)).toEqual([['sendMessages 600', 1]]);
  });

  test('two messages for the same channel in one request each get their own result', async () => {
    const backend = new RecordingBackend({ maxMessagesPerRequest: 10, keepsOrder: () => true });
    backend.answer = () => [{ channel: 'a' }, { channel: 'a', error: new Error('refused') }];
    const push = serviceOn(backend);
    const messages = [
      { channels: 'a', data: 1 },
      { channels: 'a', data: 2 },
    ];
    const [one, two] = await push.sendMany(messages);
    expect(one?.status).toBe('accepted');
    expect(two?.rejected[0]?.error.message).toBe('The recording backend failed: refused');
    backend.answer = () => [{ channel: 'a' }];
    const [, missing] = await push.sendMany(messages);
    expect(missing?.rejected[0]?.error.message).toBe('The recording backend gave no result for this channel.');
  });
});

describe('users', () => {
  test('of all messages are looked up together, and each message gets its own', async () => {
    const asked: unknown[] = [];
    const known = memorySessions();
    await known.add('ann', 'ann-1');
    await known.add('ann', 'ann-2');
    await known.add('zoe', 'zoe-1');
    const sessions: SessionAdapter = {
      channelsFor: (users) => {
        asked.push(users);
        return known.channelsFor(users);
      },
    };
    const reports = await serviceOn(new RecordingBackend(), sessions).sendMany([
      { event: '1', users: ['zoe', 'gone'], data: 1 },
      { event: '2', channels: 'c', data: 2 },
      { event: '3', users: [], data: 3 },
      { event: '4', users: 'ann', data: 4 },
    ]);
    expect(asked).toEqual([['zoe', 'gone', 'ann']]);
    expect(reports.map(({ channels, unreachable }) => [channels, unreachable])).toEqual([
      [['zoe-1'], ['gone']],
      [['c'], []],
      [[], []],
      [['ann-1', 'ann-2'], []],
    ]);
  });
});

describe('all or some', () => {
  test.each<[string, SendOptions]>([
    ['wrong data', { channels: 'c', data: 1n }],
    ['a wrong channel', { channels: ['ok', ''], data: 1 }],
    ['a user without an id', { users: [{} as { id: string }], data: 1 }],
    ['a signal of its own', { channels: 'c', data: 1, signal: new AbortController().signal }],
  ])('one message with %s: nothing is sent', async (_what, wrong) => {
    const backend = new RecordingBackend({ maxMessagesPerRequest: 10 });
    await failureOf(
      ValidationError,
      serviceOn(backend).sendMany([{ channels: 'a', data: 1 }, wrong, { channels: 'b', data: 1 }]),
    );
    expect(backend.requests).toEqual([]);
  });

  test('reports are in the order of the messages, whatever the order of the answers', async () => {
    const backend = new RecordingBackend();
    const first = Promise.withResolvers<void>();
    backend.answer = ({ channels: [channel] }) => (channel === 'a' ? first.promise : first.resolve());
    const reports = await serviceOn(backend).sendMany(
      ['a', 'b', 'c'].map((name) => ({ event: name, channels: name, data: 1 })),
    );
    expect(reports.map(({ event }) => event)).toEqual(['a', 'b', 'c']);
  });

  test('a message that was rejected is told by its report as long as another one was accepted', async () => {
    const backend = new RecordingBackend({ maxMessagesPerRequest: 10 });
    backend.answer = ({ channels }) =>
      channels.map((channel) => (channel === 'bad' ? { channel, error: new Error('no') } : { channel }));
    const reports = await serviceOn(backend).sendMany([
      { channels: 'bad', data: 1 },
      { channels: 'good', data: 1 },
      { channels: ['good', 'bad'], data: 1 },
    ]);
    expect(reports.map(({ status }) => status)).toEqual(['rejected', 'accepted', 'partial']);
  });

  test('when all were rejected, a DeliveryError carries every report', async () => {
    const backend = new RecordingBackend({ maxMessagesPerRequest: 10 });
    backend.answer = () => {
      throw new Error('down');
    };
    const error = await failureOf(
      DeliveryError,
      serviceOn(backend).sendMany(['a', 'b', 'c'].map((name) => ({ event: name, channels: name, data: 1 }))),
    );
    expect(error.reports.map(({ event, status }) => `${event} ${status}`)).toEqual([
      'a rejected',
      'b rejected',
      'c rejected',
    ]);
    expect(error.report).toBe(error.reports[0]);
  });

  test('no messages, no requests', async () => {
    const backend = new RecordingBackend();
    expect(await serviceOn(backend).sendMany([])).toEqual([]);
    expect(backend.requests).toEqual([]);
  });
});

describe('arguments', () => {
  test.each([undefined, null, 5, 'text', { channels: 'a', data: 1 }])('%j is no list of messages', async (messages) => {
    const backend = new RecordingBackend();
    const error = await failureOf(ValidationError, serviceOn(backend).sendMany(messages as never));
    expect(error.message).toBe('sendMany() takes a list of messages: sendMany([{ event, channels, data }, …]).');
    expect(backend.requests).toEqual([]);
  });

  test('a signal that is none is refused before anything is sent', async () => {
    const backend = new RecordingBackend();
    const error = await failureOf(
      ValidationError,
      serviceOn(backend).sendMany([{ channels: 'a', data: 1 }], { signal: {} as AbortSignal }),
    );
    expect(error.message).toBe('"signal" must be an AbortSignal.');
    expect(backend.requests).toEqual([]);
  });

  test('a signal that has fired sends nothing', async () => {
    const backend = new RecordingBackend();
    await failureOf(
      AbortError,
      serviceOn(backend).sendMany([{ channels: 'a', data: 1 }], { signal: AbortSignal.abort() }),
    );
    expect(backend.requests).toEqual([]);
  });
});
