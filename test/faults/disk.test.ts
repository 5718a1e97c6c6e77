import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PushError } from 'pushrail';
import { sqliteMessages } from 'pushrail/messages/sqlite';
import { expect, test } from 'vitest';
import { newDirectory } from './directory.js';
import { inForm } from './form.js';
import type { FullDiskOptions, FullDiskReport } from './processes/full-disk.js';
import { Provider } from './provider.js';
import { numbered, startService } from './service.js';

const run = promisify(execFile);

test('SQLite on a full disk fails calls with an error that says so, and works on when there is room', async () => {
  const provider = await Provider.start();
  const fullMs = inForm({ short: 2_000, long: 8_000 });
  const options: FullDiskOptions = { directory: newDirectory(), port: provider.port, fullMs };
  const program = join(import.meta.dirname, 'processes', 'full-disk.ts');
  const node = [process.execPath, '--experimental-strip-types', '--disable-warning=ExperimentalWarning', program];
  // Who is not the administrator is it in a namespace of users of their own.
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const whole = ['--mount', ...asRoot, ...node, JSON.stringify(options)];
  const { stdout } = await run('unshare', whole);
  const { whileFull, logged, load, states, total } = JSON.parse(stdout) as FullDiskReport;
  const failures = whileFull.filter((failure) => failure !== null);
  console.log(`${failures.length} of ${whileFull.length} calls failed`, failures[0]?.message, logged, load);
  expect(failures.length).toBeGreaterThan(0);
  for (const { code, retryable, message } of failures) {
    expect([code, retryable]).toEqual(['DELIVERY', true]);
    expect(message).toMatch(
      /^sqlite: .*push\.db cannot (?:grow: the disk is full\. Make room\.|be read or written .*)/,
    );
  }
  expect(states).toEqual({ SENT: total, ERROR: 0, SKIPPED: 0 });
  expect(total).toBe(30 + whileFull.length - failures.length);
  expect(provider.arrivals).toHaveLength(total);
  expect(provider.ids.size).toBe(total);
  // Once, and not each time that the worker asks.
  expect(logged.length).toBeLessThan(5);
  expect(load).toBeLessThan(0.3);
}, 120_000);

test('SQLite whose file is gone fails calls with an error that says so, and sends nothing unrecorded', async () => {
  const directory = newDirectory();
  const provider = await Provider.start();
  const file = join(directory, 'push.db');
  const { push, lines } = startService(provider, sqliteMessages({ file }));
  await push.send({ event: 'before', channels: ['a'] });
  rmSync(directory, { recursive: true });
  // The file is looked for once a second; what is recorded until then is gone with it.
  await expect
    .poll(() => push.send({ event: 'n', channels: ['a'] }).catch((error: unknown) => error), { timeout: 10_000 })
    .toBeInstanceOf(PushError);
  const before = provider.arrivals.length;
  for (const message of numbered(5))
    await expect(push.send(message)).rejects.toMatchObject({
      retryable: false,
      message: `sqlite: ${file} was removed or replaced while it was open, so that what is recorded now would be lost. Put it back and start the process anew.`,
    });
  expect(provider.arrivals).toHaveLength(before);
  expect(lines.filter(({ level }) => level === 'error').length).toBeLessThanOrEqual(2);
});
