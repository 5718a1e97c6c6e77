import { expect, test } from 'vitest';
import { liesIn, reportsOf } from '../../providers/fault-run.js';
import { randomFaults } from '../../providers/random-faults.js';
import { eventually } from './support/eventually.js';
import { sdkVersions } from './support/sdk-versions.js';
import { setUp } from './support/setup.js';

const CALLS = 64;
const channels = ['a', 'b', 'c'];

test.each(sdkVersions)(
  'each report of many calls at once says what happened, whatever befalls their requests, with version $version of the SDK',
  async ({ PubNub }) => {
    const { provider, push } = await setUp({ PubNub, maxSockets: 25 }, { retries: 1, concurrency: 25, timeout: 300 });
    // The first one takes longer.
    await push.send({ channels: 'first', data: 1, timeout: 5000 });
    provider.server.faults.push(...randomFaults(6 * CALLS));
    const calls = Array.from({ length: CALLS }, (_, n) => reportsOf(push.send({ channels, data: n })));
    const reports = (await Promise.all(calls)).flat();
    const received = new Set(provider.received.map(({ channel, data }) => `${data} ${channel}`));
    expect(reports.flatMap((report, n) => liesIn(report, (channel) => received.has(`${n} ${channel}`)))).toEqual([]);
    expect(reports.flatMap(({ accepted }) => accepted)).not.toEqual([]);
    expect(reports.flatMap(({ rejected }) => rejected)).not.toEqual([]);
    await push.close();
    await eventually(() => provider.server.openConnections).toBe(0);
  },
);
