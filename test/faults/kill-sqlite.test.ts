import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sqliteMessages } from 'pushrail/messages/sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { readMarks, settleAccount, whenAllEnded } from './account.js';
import { Child } from './child.js';
import { newDirectory } from './directory.js';
import { inForm } from './form.js';
import type { ApplicationOptions } from './processes/application.js';
import { Provider } from './provider.js';

const kills = inForm({ short: 12, long: 100 });
const perLife = 10;
const total = kills * perLife;

test(`${total} messages in SQLite survive ${kills} times kill -9 of the process that sends them`, async () => {
  const directory = newDirectory();
  const provider = await Provider.start(20);
  const file = join(directory, 'push.db');
  const marks = join(directory, 'marks');
  const life = (from: number, to: number): Child => {
    const options: ApplicationOptions = {
      store: { file },
      port: provider.port,
      marks,
      lease: '1s',
      isWide: true,
      from,
      to,
    };
    return new Child('application', options);
  };
  const killed = new Set<number>();
  let next = 0;
  for (let count = 0; count < kills; count++) {
    const child = life(next, Math.min(next + perLife, total));
    killed.add(child.pid);
    // Most are killed while they send, a few while they start.
    if (count % 10 !== 9) await child.ready;
    await pause(Math.random() * 250);
    await child.kill();
    next = 1 + Math.max(-1, ...readMarks(marks).map(({ what, number = -1 }) => (what === 'call' ? number : -1)));
  }
  await life(next, total).ready;
  const store = sqliteMessages({ file });
  onTestFinished(() => store.close());
  await store.open();
  while (!readMarks(marks).some(({ what, number }) => what === 'call' && number === total - 1)) await pause(100);
  const records = await whenAllEnded(store);
  const repeated = settleAccount({ records, marks: readMarks(marks), arrivals: provider.arrivals, killed });
  console.log(`${records.length} of ${total} calls recorded, ${repeated} messages arrived more than once`);
  expect(records.length).toBeGreaterThan(total - kills * 2);
}, 600_000);
