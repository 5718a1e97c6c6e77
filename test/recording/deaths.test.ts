import { describe, expect, it } from 'vitest';
import { ConfigurationError, ValidationError } from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { failureOf } from '../support/failure-of.js';
import { TestClock } from '../support/test-clock.js';
import { type RecordedService, recordedService } from './recorded-service.js';

const channels = Array.from({ length: 250 }, (_, index) => `channel-${index}`);
const limits = { maxChannelsPerRequest: 100 };

/** A service whose process dies while its third request is under way: its clock stands still from then on. */
async function dying(messages: ReturnType<typeof memoryMessages>, whenUnknown?: 'keep'): Promise<RecordedService> {
  const recorded = recordedService({ messages, limits, concurrency: 1 });
  recorded.backend.answer = (_, index) => (index === 2 ? new Promise(() => {}) : undefined);
  void recorded.push.send({ event: 'hello', channels, whenUnknown }).catch(() => {});
  await expect.poll(() => recorded.backend.requests.length).toBe(3);
  return recorded;
}

describe('a process that dies', () => {
  it('in the middle of a long message leaves only the requests without a result to be sent', async () => {
    const messages = memoryMessages();
    await dying(messages);
    await using other = recordedService({ messages, limits }, new TestClock());
    await other.clock.advance(29_000);
    expect(other.backend.requests).toHaveLength(0);
    await other.clock.advance(5_000);
    expect(other.backend.sent).toEqual([channels.slice(200)]);
    const [record] = (await other.push.messages.find()).messages;
    expect(record).toMatchObject({ state: 'SENT', attempts: 1 });
    const accepted = record?.channels.flatMap((each) => (each.state === 'accepted' ? each.channels : []));
    expect(accepted?.toSorted()).toEqual(channels.toSorted());
    expect(record?.channels.every((each) => each.channels.length <= 100)).toBe(true);
  });

  it('leaves it unknown with whenUnknown: keep', async () => {
    const messages = memoryMessages();
    await dying(messages, 'keep');
    await using other = recordedService({ messages, limits }, new TestClock());
    await other.clock.advance(35_000);
    expect(other.backend.requests).toHaveLength(0);
    const [record] = (await other.push.messages.find()).messages;
    expect(record?.error).toMatchObject({ outcome: 'unknown' });
    expect(record?.channels.filter(({ state }) => state === 'accepted').flatMap((each) => each.channels)).toEqual(
      channels.slice(0, 200),
    );
  });
});

it('a message that three processes died under is sent after all when it is retried', async () => {
  await using recorded = recordedService();
  const { push, backend, clock, store } = recorded;
  const { id } = await push.send({ event: 'hello', channels: 'a', delay: '1m' });
  for (const n of [1, 2, 3]) {
    const now = clock.now() + 60_000 + n * 10;
    const lease = { token: `process ${n}`, ms: 1 };
    await store.claim({ service: 'default', lease, limit: 1, conditions: [], now });
    await store.begin(lease.token, [id]);
  }
  await clock.advance(120_000);
  expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR' });
  expect(backend.requests).toHaveLength(0);
  expect(await push.messages.retry(id)).toBe(true);
  await clock.advance(10_000);
  expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' });
});

describe('what the application wrote', () => {
  const turned = (text: string): string => [...text].toReversed().join('');

  it('is sealed before it goes to the store, and unsealed to be sent and read', async () => {
    const messages = memoryMessages();
    await using recorded = recordedService({
      messages,
      recording: { seal: turned, unseal: async (text) => turned(text) },
    });
    const { push, backend, clock } = recorded;
    const { id } = await push.send({ event: 'hello', channels: 'a', data: 'a secret', extraData: 7, delay: '1m' });
    const [stored] = await messages.get('default', [id]);
    expect(stored?.content).not.toContain('a secret');
    await clock.advance(120_000);
    expect(backend.requests[0]?.message.data).toBe('a secret');
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', data: 'a secret', extraData: 7 });
  });

  it('that cannot be unsealed is tried again, and nothing is sent', async () => {
    const unseal = (): string => {
      throw new Error('no key');
    };
    await using recorded = recordedService({ recording: { seal: turned, unseal, retryDelays: ['1m'] } });
    const { push, backend, clock, store } = recorded;
    const { id } = await push.send({ event: 'hello', channels: 'a', delay: '1m' });
    await clock.advance(300_000);
    expect(backend.requests).toHaveLength(0);
    const [stored] = await store.get('default', [id]);
    expect(stored).toMatchObject({
      state: 'ERROR',
      attempts: 2,
      error: { message: 'The setting "recording.unseal" failed, so the message cannot be read: no key' },
    });
    const failure = failureOf(ConfigurationError, push.messages.get(id));
    expect((await failure).message).toBe(
      'The setting "recording.unseal" failed, so the message cannot be read: no key',
    );
  });

  it('that cannot be unsealed is left out of a list, which has all other messages and fields', async () => {
    const unseal = (text: string): string => {
      if (turned(text).includes('older')) throw new Error('no key');
      return turned(text);
    };
    await using recorded = recordedService({ recording: { seal: turned, unseal } });
    const { push, logger } = recorded;
    const older = {
      event: 'hello',
      users: 'ann',
      data: 'older',
      extraData: 'older',
      tag: 'bill',
      delay: '1m',
    } as const;
    const { id } = await push.send(older);
    await push.send({ ...older, data: 'newer', extraData: 7 });
    const lists = [await push.messages.find({ tag: 'bill' }), await push.messages.unread('ann')];
    for (const { messages } of lists)
      expect(messages.toSorted((a, b) => Number(a.id === id) - Number(b.id === id))).toMatchObject([
        { data: 'newer', extraData: 7 },
        { id, state: 'WAITING', tag: 'bill', data: undefined, extraData: undefined },
      ]);
    const said = {
      level: 'warn',
      text: 'a message cannot be read, so its record comes without data: setting "recording.unseal"',
    };
    expect(logger.entries).toMatchObject([said, said]);
  });

  it('that cannot be unsealed does not keep its message from being cancelled', async () => {
    const unseal = (): string => {
      throw new Error('no key');
    };
    await using recorded = recordedService({ recording: { seal: turned, unseal } });
    const { push, logger, events } = recorded;
    await push.send({ event: 'hello', channels: 'a', delay: '1m', key: 'k' });
    expect(await push.cancel('k')).toBe(1);
    expect(events).toEqual(['recorded hello', 'cancelled hello']);
    expect(logger.entries).toMatchObject([{ level: 'warn' }]);
  });

  it('is erased for a user that is named, and for nothing else', async () => {
    await using recorded = recordedService();
    const { push } = recorded;
    await push.send({ event: 'hello', users: 'ann', delay: '1m' });
    await failureOf(ValidationError, push.messages.erase(undefined as never));
    await failureOf(ValidationError, push.messages.erase('ann' as never));
    expect(await push.messages.count()).toBe(1);
    expect(await push.messages.erase({ recipient: 'ann' })).toBe(1);
    expect(await push.messages.count()).toBe(0);
  });

  it.each([
    ['throws', () => Promise.reject(new Error('no key')), 'failed, so nothing was recorded: no key'],
    [
      'returns no text',
      () => Buffer.of(1) as never,
      'failed, so nothing was recorded: it returned a value of type object, and no string',
    ],
    ['does not answer', () => new Promise<string>(() => {}), 'did not answer within 30 ms: nothing was recorded.'],
  ])('is not recorded when "seal" %s', async (_, seal, words) => {
    await using recorded = recordedService({ timeout: 30, recording: { seal, unseal: turned } });
    const { push, backend } = recorded;
    await expect(push.send({ event: 'hello', channels: 'a' })).rejects.toThrow(`The setting "recording.seal" ${words}`);
    expect(await push.messages.count()).toBe(0);
    expect(backend.requests).toHaveLength(0);
  });

  it('is dropped when it is sent, with keepData: until-sent', async () => {
    await using recorded = recordedService({ recording: { keepData: 'until-sent' } });
    const { push } = recorded;
    const { id } = await push.send({ event: 'hello', channels: 'a', data: { card: '4111' }, tag: 'bill' });
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', data: undefined, tag: 'bill' });
  });

  it('is recorded and sent to nobody with debug', async () => {
    await using recorded = recordedService({ recording: { debug: true } });
    const { push, backend } = recorded;
    const { id, status } = await push.send({ event: 'hello', channels: 'a', data: 7 });
    expect(status).toBe('skipped');
    expect(backend.requests).toHaveLength(0);
    expect(await push.messages.get(id)).toMatchObject({ state: 'DEBUG', data: 7 });
  });
});
