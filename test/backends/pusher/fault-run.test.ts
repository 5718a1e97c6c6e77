import { expect, test } from 'vitest';
import { liesIn, reportsOf } from '../../providers/fault-run.js';
import { randomFaults } from '../../providers/random-faults.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { start } from './support/start.js';

const CALLS = 300;
const channels = ['a', '#server-to-user-ann', 'b'];

test(`each report of ${CALLS} calls at once says what happened, whatever befalls their requests`, async () => {
  const logger = new RecordingLogger();
  const { provider, push } = await start({ retries: 1, concurrency: 50, timeout: 1500, logger });
  provider.server.faults.push(...randomFaults(3 * CALLS));
  const send = (n: number) => {
    if (n % 4 === 0) return push.sendMany(channels.map((channel) => ({ channels: channel, data: n })));
    return push.send({ channels: n % 4 === 1 ? 'a' : channels, data: n });
  };
  const calls = Array.from({ length: CALLS }, (_, n) => reportsOf(send(n)));
  const found = (await Promise.all(calls)).flatMap((reports, n) => reports.map((report) => ({ report, n })));
  const received = new Set(provider.received.map(({ channel, data }) => `${data} ${channel}`));
  expect(found.flatMap(({ report, n }) => liesIn(report, (channel) => received.has(`${n} ${channel}`)))).toEqual([]);
  const statuses = found.map(({ report }) => report.status);
  for (const status of ['accepted', 'partial', 'rejected']) expect(statuses).toContain(status);
  await push.close();
  await expect.poll(() => provider.server.openConnections).toBe(0);
});
