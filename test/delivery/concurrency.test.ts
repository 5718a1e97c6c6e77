import { describe, expect, test } from 'vitest';
import { createPushService } from '../../src/index.js';
import { RecordingBackend } from '../support/recording-backend.js';

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

/** Answers after a few turns of the event loop, so that requests overlap. */
function slowly(backend: RecordingBackend): RecordingBackend {
  backend.answer = async (_request, index) => {
    for (let turn = 0; turn <= index % 3; turn++) await new Promise(setImmediate);
  };
  return backend;
}

describe('requests in flight', () => {
  test.each([1, 3, 10])(
    'are never more than %i, and that many are made where there is work for them',
    async (concurrency) => {
      const backend = slowly(new RecordingBackend());
      const report = await createPushService({ backend, concurrency }).send({ channels: names('c', 100), data: 1 });
      expect(report).toMatchObject({ status: 'accepted', attempts: 100 });
      expect(backend.mostPending).toBe(concurrency);
    },
  );

  test('are 10 by default', async () => {
    const backend = slowly(new RecordingBackend());
    await createPushService({ backend }).send({ channels: names('c', 50), data: 1 });
    expect(backend.mostPending).toBe(10);
  });

  test('are bounded over several sends at once', async () => {
    const backend = slowly(new RecordingBackend());
    const push = createPushService({ backend, concurrency: 4 });
    const reports = await Promise.all([
      ...names('s', 30).map((channels) => push.send({ channels, data: 1 })),
      push.send({ channels: names('m', 30), data: 1 }),
      push.sendMany(names('n', 30).map((channels) => ({ channels, data: 1 }))),
    ]);
    expect(reports.flat().every(({ status }) => status === 'accepted')).toBe(true);
    expect(backend.requests).toHaveLength(90);
    expect(backend.mostPending).toBe(4);
  });

  test('are bounded when requests fail as well', async () => {
    const backend = new RecordingBackend();
    backend.answer = async (_request, index) => {
      await new Promise(setImmediate);
      if (index % 2 === 0) throw new Error('no');
    };
    const report = await createPushService({ backend, concurrency: 3 }).send({ channels: names('c', 60), data: 1 });
    expect(backend.mostPending).toBe(3);
    expect([report.accepted.length, report.rejected.length]).toEqual([30, 30]);
  });
});

test('requests that wait get their places in the order in which they came', async () => {
  const backend = new RecordingBackend();
  const push = createPushService({ backend, concurrency: 2 });
  const answers: (() => void)[] = [];
  backend.answer = () => new Promise<void>((resolve) => answers.push(resolve));
  const sends = names('early', 20).map((channels) => push.send({ channels, data: 1 }));
  while (answers.length < 2) await new Promise(setImmediate);
  for (let ended = 0; ended < 22; ended++) {
    // Somebody who comes when a place is free again does not overtake those who wait.
    if (ended < 2) sends.push(push.send({ channels: `late${ended}`, data: 1 }));
    answers.shift()?.();
    await new Promise(setImmediate);
  }
  await Promise.all(sends);
  expect(backend.sent.flat()).toEqual([...names('early', 20), 'late0', 'late1']);
  expect(backend.mostPending).toBe(2);
});

test('channels are sent to in their order', async () => {
  const backend = slowly(new RecordingBackend());
  const channels = names('c', 40);
  await createPushService({ backend, concurrency: 5 }).send({ channels, data: 1 });
  expect(backend.sent.flat()).toEqual(channels);
});

test('a quarter of a million channels in one request are all accounted for', async () => {
  const backend = new RecordingBackend({ maxChannelsPerRequest: Number.POSITIVE_INFINITY });
  const channels = names('c', 250_000);
  backend.answer = ({ channels: asked }) =>
    asked.map((channel, index) => (index === 7 ? { channel, error: new Error('no') } : { channel }));
  const report = await createPushService({ backend }).send({ channels, data: 1 });
  expect(backend.requests).toHaveLength(1);
  expect(report.accepted).toHaveLength(249_999);
  expect(report.rejected.map(({ channel }) => channel)).toEqual(['c7']);
});
