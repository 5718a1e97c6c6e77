import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChannelQueues } from '../../src/delivery/channel-queues.js';
import type { Delivery } from '../../src/delivery/split.js';
import { createPushService, type SendOptions } from '../../src/index.js';
import { type RecordedRequest, RecordingBackend } from '../support/recording-backend.js';

/** `a1`, `b1`, `a2`, …: each of the channels gets its messages 1 to `each`, in turns. */
function inTurns(channels: string, each: number): SendOptions[] {
  return Array.from({ length: each }, (_, n) => n + 1).flatMap((n) =>
    [...channels].map((channel) => ({ event: `${channel}${n}`, channels: channel, data: n })),
  );
}

function eventsIn({ messages }: RecordedRequest): string {
  return messages.map(({ message }) => message.event).join(' ');
}

/** The events that a channel got, in the order of the requests. */
function eventsOf(backend: RecordingBackend, channel: string): string[] {
  return backend.requests.flatMap(({ messages }) =>
    messages.flatMap((sent) => (sent.channel === channel ? [sent.message.event] : [])),
  );
}

const keepsOrder = (): boolean => true;

describe('the messages of a sendMany', () => {
  test('to one channel go one after the other, and to others at the same time', async () => {
    const backend = new RecordingBackend();
    const held = Promise.withResolvers<void>();
    backend.answer = (request) => (eventsIn(request) === 'a1' ? held.promise : undefined);
    const sending = createPushService({ backend }).sendMany(inTurns('abcd', 3));
    await expect.poll(() => eventsOf(backend, 'd')).toEqual(['d1', 'd2', 'd3']);
    expect([eventsOf(backend, 'a'), eventsOf(backend, 'b'), eventsOf(backend, 'c')]).toEqual([
      ['a1'],
      ['b1', 'b2', 'b3'],
      ['c1', 'c2', 'c3'],
    ]);
    held.resolve();
    await sending;
    expect(eventsOf(backend, 'a')).toEqual(['a1', 'a2', 'a3']);
  });

  test('to a channel that is held up take no place from those to other channels', async () => {
    const backend = new RecordingBackend();
    const held = Promise.withResolvers<void>();
    backend.answer = ({ channels }) => (channels[0] === 'a' ? held.promise : undefined);
    const push = createPushService({ backend, concurrency: 2 });
    const sending = push.sendMany([...inTurns('a', 20), ...inTurns('b', 3)]);
    await expect.poll(() => eventsOf(backend, 'b')).toEqual(['b1', 'b2', 'b3']);
    held.resolve();
    await sending;
  });

  test('share requests with those to other channels, which run at the same time', async () => {
    const backend = new RecordingBackend({ maxMessagesPerRequest: 4, keepsOrder });
    backend.answer = async () => void (await new Promise(setImmediate));
    await createPushService({ backend }).sendMany(inTurns('abcdef', 4));
    expect(backend.requests.map(({ channels }) => channels.length)).toEqual(Array(6).fill(4));
    expect(backend.mostPending).toBe(6);
    for (const channel of 'abcdef')
      expect(eventsOf(backend, channel)).toEqual([1, 2, 3, 4].map((n) => `${channel}${n}`));
  });

  test('that fit one request go in the order of the list', async () => {
    const backend = new RecordingBackend({ maxMessagesPerRequest: 10, keepsOrder });
    await createPushService({ backend }).sendMany(inTurns('ab', 3));
    expect(backend.requests.map(eventsIn)).toEqual(['a1 b1 a2 b2 a3 b3']);
  });

  test('to one channel go in one request also when they are more than a call takes arguments', () => {
    const { capabilities } = new RecordingBackend({ maxMessagesPerRequest: Number.POSITIVE_INFINITY, keepsOrder });
    const delivery = { planned: { channels: ['a'] } } as object as Delivery;
    const queues = new ChannelQueues(Array<Delivery>(200_000).fill(delivery), capabilities);
    expect(queues.take()).toHaveLength(200_000);
  });

  test('share no request for one channel where the backend does not keep their order', async () => {
    const backend = new RecordingBackend({ maxMessagesPerRequest: 10 });
    await createPushService({ backend }).sendMany(inTurns('ab', 3));
    expect(backend.requests.map(eventsIn)).toEqual(['a1 b1', 'a2 b2', 'a3 b3']);
  });

  test('keep their order when one of them goes to more channels than others fit beside', async () => {
    const backend = new RecordingBackend({ maxMessagesPerRequest: 3, maxChannelsPerRequest: 100, keepsOrder });
    await createPushService({ backend }).sendMany([
      { event: '1', channels: 'a', data: 1 },
      { event: '2', channels: [...'abcde'], data: 2 },
      { event: '3', channels: ['e', 'f'], data: 3 },
    ]);
    expect([eventsOf(backend, 'a'), eventsOf(backend, 'e')]).toEqual([
      ['1', '2'],
      ['2', '3'],
    ]);
  });

  test('keep their order through a retry, and go on when one is given up', async () => {
    const backend = new RecordingBackend();
    backend.answer = (request, index) => {
      if (index === 0) throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
      if (eventsIn(request) === 'a2') throw new Error('no');
    };
    const reports = await createPushService({ backend }).sendMany(inTurns('a', 3));
    expect(backend.requests.map(eventsIn)).toEqual(['a1', 'a1', 'a2', 'a3']);
    expect(reports.map(({ status }) => status)).toEqual(['accepted', 'rejected', 'accepted']);
  });

  test('end at once when the signal fires, also those that wait', async () => {
    const backend = new RecordingBackend();
    const controller = new AbortController();
    backend.answer = () => {
      controller.abort();
      return new Promise(() => {});
    };
    const { signal } = controller;
    const failure = await createPushService({ backend })
      .sendMany(inTurns('a', 5), { signal })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'DELIVERY', outcome: 'unknown' });
    expect(backend.requests).toHaveLength(1);
  });

  test('reach each channel once and in order, never two requests at a time, whatever the limits', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uniqueArray(fc.constantFrom(...'abcdef'), { minLength: 1 }), { minLength: 1, maxLength: 30 }),
        fc.record({
          maxMessagesPerRequest: fc.constantFrom(1, 2, 3, 10, Number.POSITIVE_INFINITY),
          maxChannelsPerRequest: fc.constantFrom(1, 2, 5, 100),
          keepsOrder: fc.boolean().map((keeps) => () => keeps),
        }),
        fc.integer({ min: 1, max: 4 }),
        async (lists, limits, concurrency) => {
          const backend = new RecordingBackend(limits);
          const busy = new Set<string>();
          const doubled: string[] = [];
          backend.answer = async ({ channels }, index) => {
            const own = new Set(channels);
            for (const channel of own) if (busy.size === busy.add(channel).size) doubled.push(channel);
            for (let turn = 0; turn <= index % 3; turn++) await new Promise(setImmediate);
            for (const channel of own) busy.delete(channel);
          };
          const messages = lists.map((channels, n) => ({ event: `${n}`, channels, data: n }));
          await createPushService({ backend, concurrency }).sendMany(messages);
          expect(doubled).toEqual([]);
          for (const channel of 'abcdef') {
            const wanted = messages.filter(({ channels }) => channels.includes(channel)).map(({ event }) => event);
            expect(eventsOf(backend, channel)).toEqual(wanted);
          }
          const { maxMessagesPerRequest, maxChannelsPerRequest } = limits;
          for (const { method, channels } of backend.requests)
            expect(channels.length).toBeLessThanOrEqual(
              method === 'sendBatch' ? maxChannelsPerRequest : maxMessagesPerRequest,
            );
        },
      ),
      { numRuns: 60 },
    );
  });
});
