import { setTimeout as pause } from 'node:timers/promises';
import { memoryMessages } from 'pushrail/messages/memory';
import { expect, test } from 'vitest';
import { whenAllEnded } from './account.js';
import { counted } from './counted.js';
import { inForm } from './form.js';
import { Provider } from './provider.js';
import { numbered, startService } from './service.js';

const awayMs = inForm({ short: 3_000, long: 25_000 });
/** As many failures in a row make a provider count as away. */
const failuresToOpen = 5;

test.each(['refuses connections', 'takes them and answers nobody'] as const)(
  'a provider that %s for a while takes no attempt but those that showed it, and loses nothing',
  async (way) => {
    const provider = await Provider.start();
    const { store, calls } = counted(memoryMessages());
    const { push, lines } = startService(provider, store, {
      timeout: 500,
      recording: { retryDelays: ['100ms', '1s', '1s', '1s', '1s', '1s'] },
    });
    await push.send({ event: 'before', channels: ['a'] });
    if (way === 'refuses connections') await provider.goAway();
    else provider.isSilent = true;
    // One after the other, as requests of an application come.
    for (const message of numbered(20)) expect((await push.send(message)).status).toBe('waiting');
    const reports = await push.sendMany(numbered(200));
    expect(new Set(reports.map(({ status }) => status))).toEqual(new Set(['waiting']));
    const before = new Map(calls);
    await pause(awayMs);
    // It asks when the provider may be there again, and not all the time.
    const claims = (calls.get('claim') ?? 0) - (before.get('claim') ?? 0);
    expect(claims).toBeLessThan(5 + awayMs / 1_000);
    expect(lines.filter(({ text }) => text.includes('is away: recorded messages wait'))).toHaveLength(1);
    if (way === 'refuses connections') await provider.comeBack();
    else provider.isSilent = false;
    const records = await whenAllEnded(store);
    expect(records.filter(({ state }) => state !== 'SENT')).toEqual([]);
    const spent = records.reduce((sum, { attempts }) => sum + attempts - 1, 0);
    expect(spent).toBeLessThanOrEqual(failuresToOpen);
  },
  120_000,
);
