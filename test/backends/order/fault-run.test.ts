import { expect, test } from 'vitest';
import { reportsOf } from '../../providers/fault-run.js';
import { randomFaults } from '../../providers/random-faults.js';
import { kinds, numbers, serviceOf } from './subjects.js';

test.each(kinds)('%s keeps the order of each channel, whatever befalls the requests', async (_name, start, channel) => {
  const { push, provider } = await serviceOf(start, { timeout: 400, retries: 1 });
  const channels = numbers(10).map((n) => `${channel}${n}`);
  provider.server.faults.push(...randomFaults(120));
  // Each message has its number as its event.
  const messages = numbers(24).map((n) => ({
    event: `e${n}`,
    data: n,
    channels: [channels[n % 10] ?? '', channels[(n * 7 + 3) % 10] ?? ''],
  }));
  const reports = await reportsOf(push.sendMany(messages));
  expect(reports.flatMap(({ accepted }) => accepted)).not.toEqual([]);
  for (const name of channels) {
    const arrived = provider.received
      .filter((record) => record.channel === name)
      .map((record) => Number(String(Reflect.get(record, 'event')).slice(1)));
    // What is sent again because its answer was lost comes again after its first arrival.
    const first = [...new Set(arrived)];
    expect(first).toEqual(first.toSorted((a, b) => a - b));
  }
});
