import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { postgresMessages } from 'pushrail/messages/postgres';
import { expect, onTestFinished, test } from 'vitest';
import { withPostgres } from '../support/postgres.js';
import { readMarks, whenAllEnded } from './account.js';
import { Child } from './child.js';
import { newDirectory } from './directory.js';
import { inForm } from './form.js';
import type { ApplicationOptions } from './processes/application.js';
import { Provider } from './provider.js';

const database = withPostgres();
const total = inForm({ short: 100, long: 1_000 });

test('a process that stands still for longer than its lease loses nothing, and sends nothing again itself', async () => {
  const provider = await Provider.start(150);
  const marks = join(newDirectory(), 'marks');
  const options = {
    store: { address: database.url() },
    port: provider.port,
    marks,
    lease: '1s',
    isWide: false,
    from: 0,
  } as const;
  const child = (to: number): Child => new Child('application', { ...options, to } satisfies ApplicationOptions);
  const stopped = child(total);
  const other = child(0);
  await Promise.all([stopped.ready, other.ready]);
  while (provider.ids.size < total / 4) await pause(5);
  stopped.process.kill('SIGSTOP');
  const store = postgresMessages(database.pool());
  onTestFinished(() => store.close());
  await store.open();
  await whenAllEnded(store);
  stopped.process.kill('SIGCONT');
  while (readMarks(marks).filter(({ what }) => what === 'recorded').length < total) await pause(50);
  const records = await whenAllEnded(store);
  expect(records).toHaveLength(total);
  expect(records.filter(({ state }) => state !== 'SENT')).toEqual([]);
  const senders = new Map<string, number[]>();
  for (const { id, pid } of provider.arrivals) senders.set(id, [...(senders.get(id) ?? []), pid]);
  expect(senders.size).toBe(total);
  expect([...senders.values()].filter((pids) => new Set(pids).size < pids.length)).toEqual([]);
  expect(readMarks(marks).filter(({ what }) => what === 'refused')).toEqual([]);
}, 300_000);
