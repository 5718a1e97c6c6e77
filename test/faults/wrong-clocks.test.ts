import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { readMarks, settleAccount, whenAllEnded } from './account.js';
import { Child } from './child.js';
import { type SharedDatabase, sharedDatabases } from './databases.js';
import { newDirectory } from './directory.js';
import { inForm } from './form.js';
import type { ApplicationOptions } from './processes/application.js';
import { Provider } from './provider.js';

const minuteMs = 60_000;
const each = inForm({ short: 40, long: 200 });
const databases = sharedDatabases();

test.each(databases)(
  'processes whose clocks are a minute apart send each message once, when it is due by the clock of $name',
  (database) => sendOnce(database),
  300_000,
);

async function sendOnce(database: SharedDatabase): Promise<void> {
  // Answers take longer than a third of a lease.
  const provider = await Provider.start(5_000);
  const marks = join(newDirectory(), 'marks');
  const shifts = [-minuteMs, 0, minuteMs, 2 * minuteMs];
  const children = shifts.map((shift, index) => {
    const numbers = { from: index * each, to: (index + 1) * each };
    const store = { address: database.url() };
    const options: ApplicationOptions = { store, port: provider.port, marks, lease: '10s', isWide: false, ...numbers };
    return new Child('application', options, shift);
  });
  await Promise.all(children.map(({ ready }) => ready));
  const total = shifts.length * each;
  while (readMarks(marks).filter(({ what }) => what === 'recorded').length < total) await pause(100);
  const store = database.store();
  onTestFinished(() => store.close());
  await store.open();
  const records = await whenAllEnded(store);
  expect(records).toHaveLength(total);
  const repeated = settleAccount({ records, marks: readMarks(marks), arrivals: provider.arrivals, killed: new Set() });
  expect(repeated).toBe(0);
  expect(records.filter(({ attempts }) => attempts !== 1)).toEqual([]);
  // The application delays each fourth message by 100 ms.
  const delayed = records.filter(({ key }) => Number(key) % 4 === 2);
  expect(delayed).toHaveLength(total / 4);
  expect(new Set(delayed.map(({ createdAt, sendAfter }) => sendAfter - createdAt))).toEqual(new Set([100]));
  // The clocks were really wrong: an outcome has the time of the process that was answered.
  const errors = records.map(({ outcomes: [outcome], sentAt = 0 }) =>
    Math.round(((outcome?.at ?? 0) - sentAt) / minuteMs),
  );
  expect(new Set(errors)).toEqual(new Set([-1, 0, 1, 2]));
  expect(records.filter(({ sentAt = 0, sendAfter }) => sentAt < sendAfter)).toEqual([]);
  // Nobody's messages wait for a wrong clock.
  const latest = shifts.map((_, index) => {
    const own = records.filter(({ key }) => Math.floor(Number(key) / each) === index);
    return Math.max(...own.map(({ sentAt = 0, sendAfter }) => sentAt - sendAfter));
  });
  expect(Math.max(...latest) - Math.min(...latest)).toBeLessThan(minuteMs / 2);
}
