import { setTimeout as pause } from 'node:timers/promises';
import { PushError } from 'pushrail';
import { expect, onTestFinished, test } from 'vitest';
import { FreezableProxy } from '../support/freezable-proxy.js';
import { whenAllEnded } from './account.js';
import { counted } from './counted.js';
import { type SharedDatabase, sharedDatabases, storeAt } from './databases.js';
import { inForm } from './form.js';
import { Provider } from './provider.js';
import { numbered, startService } from './service.js';

const databases = sharedDatabases();
const total = inForm({ short: 300, long: 3_000 });
const cuts = inForm({ short: 5, long: 50 });

test.each(databases)(
  'connections to $name that are cut again and again lose nothing, and nothing comes twice',
  (database) => losesNothing(database),
  300_000,
);

async function losesNothing(database: SharedDatabase): Promise<void> {
  const { proxy, port } = await FreezableProxy.start(database.port);
  onTestFinished(() => proxy.close());
  const provider = await Provider.start(20);
  const { store, calls } = counted(storeAt(database.url(port)));
  const { push } = startService(provider, store);
  await push.messages.count();
  const failures: unknown[] = [];
  const recorded = new Set<string>();
  let called = 0;
  let isCalling = true;
  const callers = Array.from({ length: 10 }, async () => {
    while (called < total) {
      const [message] = numbered(1);
      try {
        const { id } = await push.send({ ...message, key: `${called++}` } as never);
        recorded.add(id);
      } catch (error) {
        failures.push(error);
      }
    }
  });
  const ended = Promise.all(callers).then(() => {
    isCalling = false;
  });
  for (let cut = 0; cut < cuts || isCalling; cut++) {
    const goal = ((cut + 1) / (cuts + 1)) * total;
    while (called < goal && isCalling) await pause(2);
    proxy.cut();
    await pause(10);
  }
  await ended;
  const direct = database.store();
  await direct.open();
  const records = await whenAllEnded(direct);
  console.log(`${records.length} of ${total} calls recorded, ${failures.length} calls failed`);
  expect(records.filter(({ state }) => state !== 'SENT')).toEqual([]);
  const ids = new Set(records.map(({ id }) => id));
  expect([...recorded].filter((id) => !ids.has(id))).toEqual([]);
  expect(provider.arrivals.length).toBe(ids.size);
  for (const error of failures) {
    expect(PushError.isPushError(error) && error.retryable, String(error)).toBe(true);
    expect(String(error)).toContain(`${database.name}: `);
  }
  // A cut costs a few calls, and not as many as the processor can make.
  expect(calls.get('claim')).toBeLessThan(total * 4 + cuts * 50);
}
