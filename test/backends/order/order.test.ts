import { describe, expect, test } from 'vitest';
import { answering, instead } from '../../providers/faults.js';
import { kinds, numbers, numbersOf, pusher, serviceOf } from './subjects.js';

describe.each(kinds.filter(([, , channel]) => !channel.includes('encrypted')))('%s', (_name, start, channel) => {
  test('keeps the order of a sendMany when the first request comes late', async () => {
    const { push, provider } = await serviceOf(start);
    provider.server.delays.push(100);
    const reports = await push.sendMany(numbers(30).map((data) => ({ channels: channel, data })));
    expect(reports.every(({ status }) => status === 'accepted')).toBe(true);
    expect(numbersOf(provider, channel)).toEqual(numbers(30));
  });

  test('keeps the order of a sendMany when one request is refused with a 503 and tried again', async () => {
    const { push, provider } = await serviceOf(start);
    provider.server.faults.push(undefined, instead(answering({ status: 503 })));
    const reports = await push.sendMany(numbers(25).map((data) => ({ channels: channel, data })));
    expect(reports.every(({ status }) => status === 'accepted')).toBe(true);
    expect(numbersOf(provider, channel)).toEqual(numbers(25));
    expect(reports.some(({ attempts }) => attempts === 2)).toBe(true);
  });

  test('goes on with later messages when one is refused for good, and says which', async () => {
    const { push, provider } = await serviceOf(start, { retries: 1 });
    const refused = instead(answering({ status: 400, body: { errors: ['no'], message: 'no', error: true } }));
    provider.server.faults.push(refused);
    const reports = await push.sendMany(numbers(25).map((data) => ({ channels: channel, data })));
    const accepted = numbers(25).filter((data) => reports[data]?.status === 'accepted');
    expect(reports.filter(({ status }) => status === 'rejected')).not.toEqual([]);
    expect(accepted).toContain(24);
    expect(numbersOf(provider, channel)).toEqual(accepted);
  });

  test('keeps the order of ordered sends that nobody waits for', async () => {
    const { push, provider } = await serviceOf(start);
    provider.server.delays.push(100);
    provider.server.faults.push(undefined, undefined, instead(answering({ status: 503 })));
    const sending = numbers(8).map((data) => push.send({ channels: channel, data, ordered: true }));
    await Promise.all(sending);
    expect(numbersOf(provider, channel)).toEqual(numbers(8));
  });
});

test('messages to an encrypted channel go in batches, one after the other', async () => {
  const { push, provider } = await serviceOf(pusher);
  const channels = 'private-encrypted-log';
  provider.server.delays.push(100);
  await push.sendMany(numbers(30).map((data) => ({ event: `e${data}`, channels, data })));
  expect(provider.received.map((record) => Reflect.get(record, 'event'))).toEqual(numbers(30).map((n) => `e${n}`));
  expect(provider.server.requests).toHaveLength(3);
});
