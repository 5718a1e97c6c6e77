import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPushService } from '../../src/index.js';
import { RecordingBackend } from '../support/recording-backend.js';

const limit = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(Number.POSITIVE_INFINITY));
const channels = fc.uniqueArray(
  fc.integer({ min: 0, max: 40 }).map((number) => `c${number}`),
  { minLength: 1, maxLength: 30 },
);
/** No two of which name a channel. */
const disjoint = fc
  .array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 })
  .map((sizes) => sizes.map((size, list) => Array.from({ length: size }, (_, number) => `c${list}-${number}`)));

test('however messages are split, each channel gets each of its messages once, in order, and no request is above the limits', async () => {
  await fc.assert(
    fc.asyncProperty(
      limit,
      limit,
      fc.oneof(disjoint, fc.array(channels, { minLength: 1, maxLength: 12 })),
      async (maxChannelsPerRequest, maxMessagesPerRequest, audiences) => {
        const backend = new RecordingBackend({ maxChannelsPerRequest, maxMessagesPerRequest });
        const messages = audiences.map((names, index) => ({ event: `e${index}`, channels: names, data: index }));
        const reports = await createPushService({ backend, concurrency: 1 }).sendMany(messages);

        const expected = messages.flatMap(({ event, channels: names }) => names.map((name) => `${event} ${name}`));
        expect(
          backend.requests
            .flatMap(({ messages }) => messages.map(({ channel, message }) => `${message.event} ${channel}`))
            .sort(),
        ).toEqual(expected.sort());
        for (const { method, messages, message } of backend.requests) {
          expect(messages.length).toBeLessThanOrEqual(
            { sendData: 1, sendBatch: maxChannelsPerRequest, sendMessages: maxMessagesPerRequest }[method],
          );
          if (method !== 'sendMessages')
            expect(new Set(messages.map((addressed) => addressed.message))).toEqual(new Set([message]));
        }
        for (const [index, report] of reports.entries()) {
          expect(report.attempts).toBe(
            backend.requests.filter(({ messages }) => messages.some(({ message }) => message.id === report.id)).length,
          );
          expect(report.accepted).toEqual(audiences[index]);
        }

        // Of messages for one channel, each waits for those before it, and a request may end with less than it could hold.
        if (new Set(audiences.flat()).size < audiences.flat().length) return;
        const alone = messages.reduce(
          (sum, { channels: names }) => sum + Math.max(1, Math.ceil(names.length / maxChannelsPerRequest)),
          0,
        );
        expect(backend.requests.length).toBeLessThanOrEqual(alone);
      },
    ),
  );
});

test('a channel that shares no request has one of its own, and is packed with others where messages can be', async () => {
  const sharesRequest = (name: string): boolean => !name.startsWith('alone');
  const names = ['a', 'alone-1', 'b', 'alone-2', 'alone-3', 'c'];
  const backend = new RecordingBackend({ maxChannelsPerRequest: 2, sharesRequest });
  const report = await createPushService({ backend, concurrency: 1 }).send({ channels: names, data: 1 });
  expect(backend.sent).toEqual([['alone-1'], ['a', 'b'], ['alone-2'], ['alone-3'], ['c']]);
  expect(report.accepted).toEqual(names);

  const packing = new RecordingBackend({ maxChannelsPerRequest: 3, maxMessagesPerRequest: 2, sharesRequest });
  await createPushService({ backend: packing, concurrency: 1 }).send({ channels: names, data: 1 });
  expect(packing.requests.map(({ method, channels: sent }) => [method, ...sent])).toEqual([
    ['sendMessages', 'alone-1', 'alone-2'],
    ['sendBatch', 'a', 'b', 'c'],
    ['sendData', 'alone-3'],
  ]);
});
