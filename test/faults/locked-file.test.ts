import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Client } from '../server/support/client.js';
import { Child } from './child.js';
import { newDirectory } from './directory.js';
import { inForm } from './form.js';
import type { ServerQuestion, WatchedServer } from './processes/server.js';

const lockedMs = inForm({ short: 2_000, long: 10_000 });
const sends = lockedMs / 100;

test(`the embedded server goes on while another process has SQLite locked for ${lockedMs} ms`, async () => {
  const file = join(newDirectory(), 'push.db');
  const server = new Child('server', { file });
  const ask = <Answer>(question: ServerQuestion): Promise<Answer> => server.ask<Answer>(question);
  const [port] = (await server.ready) as [number];
  const client = await Client.connect({ address: { host: '127.0.0.1', port } as never });
  onTestFinished(() => client.socket.terminate());
  await client.subscribe('all');
  const other = new DatabaseSync(file);
  onTestFinished(() => other.close());
  await ask('watch');
  other.exec('BEGIN IMMEDIATE');
  const lockedAt = performance.now();
  for (let sent = 0; sent < sends; sent++) {
    await ask('send');
    // It answers a ping, and nothing is sent that is not recorded.
    expect(await client.settled()).toEqual([]);
    await pause(lockedMs / sends);
  }
  await pause(Math.max(0, lockedAt + lockedMs - performance.now()));
  other.exec('COMMIT');
  const { statuses, longestMs, meanMs } = await ask<WatchedServer>('ended');
  console.log(`event loop: at most ${longestMs.toFixed(1)} ms, ${meanMs.toFixed(1)} ms in the mean`);
  // It would be all of the time if SQLite waited for the lock.
  expect(longestMs).toBeLessThan(lockedMs / 4);
  expect(meanMs).toBeLessThan(lockedMs / 100);
  expect(new Set(statuses)).toEqual(new Set(['accepted']));
  const arrived = (await client.settled()).map(({ data }) => String(data));
  expect(arrived.toSorted()).toEqual(Array.from({ length: sends }, (_, number) => `{"number":${number}}`).toSorted());
}, 60_000);
