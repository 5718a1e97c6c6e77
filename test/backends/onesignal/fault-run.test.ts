import { expect, onTestFinished, test } from 'vitest';
import { liesIn, reportsOf } from '../../providers/fault-run.js';
import { randomFaults } from '../../providers/random-faults.js';
import { start } from './support/start.js';

const CALLS = 300;
const channels = ['ann', 'two-phones', 'bob'];

test(`each report of ${CALLS} calls at once says what happened, whatever befalls their requests`, async () => {
  const settings = { retries: 1, concurrency: 50, timeout: 1500 };
  const { provider, push } = await start(onTestFinished, { settings });
  provider.server.faults.push(...randomFaults(2 * CALLS));
  const send = (n: number) => push.send({ channels: n % 2 === 0 ? 'ann' : channels, data: n });
  const reports = await Promise.all(Array.from({ length: CALLS }, (_, n) => reportsOf(send(n))));
  const arrived = provider.received.map(({ channel, data }) => `${data} ${channel}`);
  const received = new Set(arrived);
  // A retry has the same idempotency key.
  expect(arrived).toHaveLength(received.size);
  const found = reports.flat().map((report, n) => liesIn(report, (channel) => received.has(`${n} ${channel}`)));
  expect(found.flat()).toEqual([]);
  const statuses = reports.flat().map(({ status }) => status);
  for (const status of ['accepted', 'partial', 'rejected']) expect(statuses).toContain(status);
});
