import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  BatchServiceWrapper,
  type ChannelResult,
  createPushService,
  DeliveryError,
  type PushService,
  type SendReport,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';

let backend = new RecordingBackend();

beforeEach(() => {
  backend = new RecordingBackend();
});

function start(retries = 0): PushService {
  const push = createPushService({ backend, retries, logger: new RecordingLogger() });
  onTestFinished(() => push.close());
  return push;
}

async function send(answer: unknown, channels: string | readonly string[] = 'a'): Promise<SendReport> {
  backend.answer = () => answer;
  await using push = createPushService({ backend, retries: 0 });
  return await push.send({ channels, data: 1 });
}

describe('a backend that skips the channel of a request', () => {
  test.each<[string, unknown]>([
    ['the reason alone', { skipped: 'already read' }],
    ['a result for the channel', { channel: 'a', skipped: 'already read' }],
  ])('answers with %s, and the channel is neither accepted nor rejected', async (_what, answer) => {
    expect(await send(answer)).toMatchObject({
      status: 'skipped',
      channels: ['a'],
      accepted: [],
      rejected: [],
      skipped: [{ channel: 'a', reason: 'already read' }],
      unreachable: [],
      info: {},
      attempts: 1,
    });
  });

  test.each<[string, unknown]>([
    ['a number under the key, without the channel', { skipped: 3 }],
    ['another channel', { channel: 'b', skipped: 'already read' }],
    ['null', { channel: 'a', skipped: null }],
    ['nothing', undefined],
  ])('did not, when it answered with %s', async (_what, answer) => {
    expect(await send(answer)).toMatchObject({ status: 'accepted', accepted: ['a'], skipped: [] });
  });

  test('has rejected it when it tells of an error, too', async () => {
    const error = await failureOf(
      DeliveryError,
      send({ channel: 'a', skipped: 'already read', error: new Error('no') }),
    );
    expect(error.report).toMatchObject({ status: 'rejected', rejected: [{ channel: 'a' }], skipped: [] });
  });

  test('may make its reason of anything, without its secrets', async () => {
    backend = new RecordingBackend({}, { secretKey: 'keep-this-to-yourself' });
    expect((await send({ channel: 'a', skipped: 42 })).skipped).toEqual([{ channel: 'a', reason: '42' }]);
    const [shown] = (await send({ skipped: 'no right with keep-this-to-yourself' })).skipped;
    expect(shown?.reason).not.toContain('keep-this');
  });

  test('by a list, in any order, tells of the others what it tells', async () => {
    backend = new RecordingBackend({ maxChannelsPerRequest: 10 });
    const answer: ChannelResult[] = [
      { channel: 'c', info: { id: 7 } },
      { channel: 'b', skipped: 'muted', info: { id: 8 } },
      { channel: 'a' },
    ];
    expect(await send(answer, ['a', 'b', 'c'])).toMatchObject({
      status: 'accepted',
      accepted: ['a', 'c'],
      skipped: [{ channel: 'b', reason: 'muted' }],
      info: { c: { id: 7 } },
    });
    expect((await send(answer, ['a', 'b', 'c'])).info).toEqual({ c: { id: 7 } });
  });

  test('may be one that answers for batches alone', async () => {
    class Batches extends BatchServiceWrapper {
      protected override async sendBatch(channels: readonly string[]): Promise<readonly ChannelResult[]> {
        return channels.map((channel) => ({ channel, skipped: 'already read' }));
      }
    }
    const push = createPushService({ backend: new Batches({}) });
    onTestFinished(() => push.close());
    expect(await push.send({ channels: 'a', data: 1 })).toMatchObject({ status: 'skipped' });
    const { skipped } = await push.send({ channels: ['b', 'a'], data: 1 });
    expect(skipped.map(({ channel }) => channel)).toEqual(['b', 'a']);
  });
});

describe('a send', () => {
  test('does not try again what was skipped', async () => {
    backend = new RecordingBackend({ maxChannelsPerRequest: 10 });
    const error = new DeliveryError('later', { outcome: 'rejected', retryable: true });
    backend.answer = ({ channels }, index) =>
      channels.map((channel) =>
        channel === 'a' ? { channel, skipped: 'already read' } : { channel, ...(index === 0 && { error }) },
      );
    const report = await start(1).send({ channels: ['a', 'b', 'c'], data: 1 });
    expect(backend.sent).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
    ]);
    expect(report).toMatchObject({
      status: 'accepted',
      accepted: ['b', 'c'],
      rejected: [],
      skipped: [{ channel: 'a', reason: 'already read' }],
    });
  });

  test.each([
    ['accepted and skipped: accepted', { a: 'ok', b: 'skip' }, 'accepted'],
    ['accepted, rejected and skipped: partial', { a: 'ok', b: 'skip', c: 'no' }, 'partial'],
    ['skipped alone: skipped', { a: 'skip', b: 'skip' }, 'skipped'],
  ])('%s', async (_what, kinds, status) => {
    backend.answer = ({ channels: [channel = ''] }) => {
      const kind = Reflect.get(kinds, channel);
      if (kind === 'no') throw new Error('no');
      return kind === 'skip' ? { skipped: 'muted' } : undefined;
    };
    expect((await start().send({ channels: Object.keys(kinds), data: 1 })).status).toBe(status);
  });

  test('fails when no channel accepted, and one of them rejected', async () => {
    backend.answer = ({ channels: [channel] }) => {
      if (channel === 'b') throw new Error('no');
      return { skipped: 'muted' };
    };
    const error = await failureOf(DeliveryError, start().send({ channels: ['a', 'b'], data: 1 }));
    expect(error.message).toContain('did not accept the message for channel "b"');
    expect(error.report).toMatchObject({ status: 'rejected', skipped: [{ channel: 'a', reason: 'muted' }] });
  });

  test('of many messages resolves when all of them were skipped', async () => {
    backend.answer = () => ({ skipped: 'muted' });
    const reports = await start().sendMany([
      { channels: 'a', data: 1 },
      { channels: 'b', data: 2 },
    ]);
    expect(reports.map(({ status }) => status)).toEqual(['skipped', 'skipped']);
  });

  test('that nobody waits for logs no failure of what was skipped', async () => {
    backend.answer = () => ({ skipped: 'muted' });
    const logger = new RecordingLogger();
    const push = createPushService({ backend, logger });
    push.fire({ channels: 'a', data: 1 });
    await push.close();
    expect(logger.entries).toEqual([]);
  });
});
