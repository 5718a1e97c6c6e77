import { execFileSync } from 'node:child_process';
import { closeSync, fstatSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createPushService, PushError } from 'pushrail';
import { sqliteMessages } from 'pushrail/messages/sqlite';
import { HttpBackend } from './http-backend.ts';

// Runs in a mount namespace of its own, so that its disk goes with it.

/** What the program is started with: one argument, as JSON. */
export interface FullDiskOptions {
  /** An empty directory, which becomes a disk of 2 MB. */
  readonly directory: string;
  readonly port: number;
  readonly fullMs: number;
}

/** What it prints, as JSON. */
export interface FullDiskReport {
  /** For each call while the disk was full: null, or the error. */
  readonly whileFull: readonly ({ code: string; retryable: boolean; message: string } | null)[];
  readonly logged: readonly string[];
  /** The part of one processor that it took while the disk was full and nobody called. */
  readonly load: number;
  /** The states of all messages, once the disk had room again. */
  readonly states: Readonly<Record<string, number>>;
  readonly total: number;
}

const { directory, port, fullMs } = JSON.parse(process.argv[2] ?? '') as FullDiskOptions;
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory]);
const logged: string[] = [];
const log = (_fields: object, text?: string): void => void logged.push(text ?? '');
const push = createPushService({
  backend: new HttpBackend({ port }),
  messages: sqliteMessages({ file: join(directory, 'push.db') }),
  worker: { poll: '20ms', lease: '60s' },
  logger: { debug() {}, info() {}, warn: log, error: log },
});

/** Fills the disk with a file, but for the last bytes. */
function fill(path: string, left: number): void {
  const file = openSync(path, 'w');
  for (let size = 65_536; size > 0; size = Math.floor(size / 2)) {
    try {
      for (;;) if (writeSync(file, Buffer.alloc(size)) < size) break;
    } catch {
      // It is full for a piece of this size.
    }
  }
  ftruncateSync(file, fstatSync(file).size - left);
  closeSync(file);
}

const data = 'x'.repeat(2_000);
const send = (fields: object = {}): Promise<unknown> => push.send({ event: 'n', channels: ['a'], data, ...fields });
for (let sent = 0; sent < 10; sent++) await send();
// They become due while the disk is full.
for (let sent = 0; sent < 10; sent++) await send({ delay: '300ms' });
const filler = join(directory, 'filler');
// The first calls still find room, and the disk is full before all of them are settled.
fill(filler, 65_536);
const results: PromiseSettledResult<unknown>[] = [];
for (let sent = 0; sent < 50; sent++) results.push(...(await Promise.allSettled([send()])));
const whileFull = results.map((result) => {
  if (result.status === 'fulfilled') return null;
  const error: unknown = result.reason;
  if (!PushError.isPushError(error)) return { code: 'none', retryable: false, message: String(error) };
  return { code: error.code, retryable: error.retryable, message: error.message };
});
const before = process.cpuUsage();
await pause(fullMs);
const { user, system } = process.cpuUsage(before);
rmSync(filler);
for (let sent = 0; sent < 10; sent++) await send();
while ((await push.messages.count({ state: ['WAITING', 'SENDING', 'ERROR_RETRY'] })) > 0) await pause(50);
const states: Record<string, number> = {};
for (const state of ['SENT', 'ERROR', 'SKIPPED'] as const) states[state] = await push.messages.count({ state });
const total = await push.messages.count();
const report: FullDiskReport = { whileFull, logged, load: (user + system) / 1_000 / fullMs, states, total };
console.log(JSON.stringify(report));
await push.close();
