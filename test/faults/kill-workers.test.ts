import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createPushService } from 'pushrail';
import { expect, onTestFinished, test } from 'vitest';
import { readMarks, settleAccount, whenAllEnded } from './account.js';
import { Child } from './child.js';
import { type SharedDatabase, sharedDatabases } from './databases.js';
import { newDirectory } from './directory.js';
import { inForm } from './form.js';
import type { ApplicationOptions } from './processes/application.js';
import { Provider } from './provider.js';

const total = inForm({ short: 1_000, long: 10_000 });
const kills = inForm({ short: 3, long: 12 });
const manyChannels = Array.from({ length: 20 }, (_, place) => `c${place}`);
const databases = sharedDatabases();

test.each(databases)(
  `${total} messages in $name survive ${kills} times kill -9 of one of four workers`,
  (database) => survives(database),
  600_000,
);

async function survives(database: SharedDatabase): Promise<void> {
  const provider = await Provider.start(20);
  const marks = join(newDirectory(), 'marks');
  const store = database.store();
  const push = createPushService({ backend: 'console', messages: store, worker: false });
  onTestFinished(() => push.close());
  for (let from = 0; from < total; from += 1_000)
    await push.sendMany(
      Array.from({ length: 1_000 }, (_, index) => ({
        ...{
          event: 'n',
          channels: index % 50 === 0 ? manyChannels : [`c${index % 10}`],
          data: { number: from + index },
        },
        ...{ key: `${from + index}`, wait: false },
      })),
    );
  const address = database.url();
  const options: ApplicationOptions = {
    store: { address },
    port: provider.port,
    marks,
    lease: '3s',
    isWide: true,
    from: 0,
    to: 0,
  };
  const worker = (): Child => new Child('application', options);
  const workers = [worker(), worker(), worker(), worker()];
  await Promise.all(workers.map(({ ready }) => ready));
  const killed = new Set<number>();
  while (killed.size < kills) {
    // They are killed as the work goes on, and not by a clock that may be over before it has begun.
    const goal = ((killed.size + Math.random()) / (kills + 1)) * total;
    while (provider.ids.size < goal) await pause(2);
    const [victim] = workers.splice(Math.floor(Math.random() * workers.length), 1);
    if (victim === undefined) continue;
    killed.add(victim.pid);
    await victim.kill();
    workers.push(worker());
  }
  const records = await whenAllEnded(store);
  const repeated = settleAccount({ records, marks: readMarks(marks), arrivals: provider.arrivals, killed });
  console.log(`${records.length} messages, ${repeated} arrived more than once`);
  expect(records.length).toBe(total);
}
