import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.js';
import { createPushService } from '../../src/index.js';
import { temporaryFolder } from '../recording/services-with-store.js';
import { RecordingTerminal } from './recording-terminal.js';

const message = { event: 'e', data: 1, wait: false } as const;
let store: string;
let folder: string;
let modules = 0;

beforeEach(() => {
  store = `sqlite:${temporaryFolder()}/push.db`;
  vi.stubEnv('TEST_STORE', store);
  // Beside the fixtures, so that what they import is where it was.
  folder = mkdtempSync(join(import.meta.dirname, '../fixtures/.run-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Runs the command on a module whose provider refuses the channels `bad…`, and is busy for `busy…`. */
function sendBatch(args: readonly string[] = [], columns?: number) {
  const terminal = new RecordingTerminal();
  terminal.columns = columns;
  const path = join(folder, `${++modules}.mjs`);
  copyFileSync(join(import.meta.dirname, '../fixtures/work/refuses-some.mjs'), path);
  return { terminal, done: runCommandLine(['send-batch', path, ...args], terminal) };
}

async function recorded(...channels: readonly string[]) {
  const push = createPushService({ backend: 'console', messages: store, worker: false });
  await push.sendMany(channels.map((channel) => ({ ...message, channels: channel })));
  return { push, [Symbol.asyncDispose]: () => push.close() };
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `c${n}`);

describe('pushrail send-batch', () => {
  it('is the command send_messages_batch of pymess: so many waiting messages, most attempts and an age', async () => {
    await using before = await recorded('busy', ...numbered(3));
    // PUSH_NOTIFICATION_BATCH_SIZE and BATCH_MAX_NUMBER_OF_SEND_ATTEMPTS
    expect(await sendBatch(['--size', '2', '--max-attempts', '1', '--concurrency', '1']).done).toEqual({ exitCode: 1 });
    expect(await before.push.messages.count({ state: 'SENT' })).toBe(1);
    expect((await before.push.messages.find({ state: 'ERROR' })).messages).toMatchObject([{ attempts: 1 }]);
    // BATCH_MAX_SECONDS_TO_SEND
    expect(await sendBatch(['--max-age', '0s']).done).toEqual({ exitCode: 1 });
    const { messages } = await before.push.messages.find({ state: 'ERROR' });
    expect(messages.map(({ attempts }) => attempts).sort()).toEqual([0, 0, 1]);
  });

  it('sends what is due, prints what it did, and ends with 0', async () => {
    await using before = await recorded(...numbered(3), 'busy');
    const { terminal, done } = sendBatch();
    expect(await done).toEqual({ exitCode: 0 });
    expect(terminal.printed).toEqual([
      expect.stringMatching(/^3 sent, 1 retrying in \d+\.\d s; last error: not now\.$/),
    ]);
    expect(terminal.complaints).toEqual([]);
    expect(await before.push.messages.count({ state: 'SENT' })).toBe(3);
  });

  it('ends with 1 when a message failed for good, and names the last reason, without its control characters', async () => {
    await using _ = await recorded('a', 'bad', 'busy');
    const { terminal, done } = sendBatch();
    expect(await done).toEqual({ exitCode: 1 });
    expect(terminal.printed).toEqual([
      expect.stringMatching(/^1 sent, 1 failed, 1 retrying in \d+\.\d s; last error: refuses \\u001b\[31mbad\.$/),
    ]);
  });

  it('says that nothing was due', async () => {
    const { terminal, done } = sendBatch();
    expect(await done).toEqual({ exitCode: 0 });
    expect(terminal.printed).toEqual(['Nothing was due.']);
  });

  it('hands its options on: how many, how often, how old', async () => {
    await using before = await recorded('busy', ...numbered(4));
    const first = sendBatch(['--size', '2', '--max-attempts', '1', '--concurrency', '1']);
    expect(await first.done).toEqual({ exitCode: 1 });
    expect(first.terminal.printed).toEqual([expect.stringMatching(/^1 sent, 1 failed in /)]);
    expect(first.terminal.complaints).toEqual(['3 left.']);
    const second = sendBatch(['--max-age', '0s']);
    expect(await second.done).toEqual({ exitCode: 1 });
    expect(second.terminal.printed).toEqual([
      expect.stringMatching(/^3 failed in .*last error: Nothing was sent: the message was due at /),
    ]);
    expect(await before.push.messages.count({ state: 'ERROR' })).toBe(4);
  });

  it('names the conditions that the module does not know', async () => {
    await using before = await recorded();
    await before.push.sendMany([1, 2].map(() => ({ ...message, channels: 'a', when: 'unpaid' })));
    const { terminal, done } = sendBatch();
    expect(await done).toEqual({ exitCode: 0 });
    expect(terminal.complaints).toEqual([
      '2 left; the module does not know what is waited for by 2 for the condition "unpaid".',
    ]);
  });

  it('tells that the provider is away, and what is left', async () => {
    await using _ = await recorded(...Array.from({ length: 8 }, (_, n) => `busy${n}`));
    const { terminal, done } = sendBatch();
    expect(await done).toEqual({ exitCode: 0 });
    expect(terminal.printed).toEqual([expect.stringMatching(/^4 retrying in /)]);
    expect(terminal.complaints.at(-1)).toBe('4 left: the provider is away.');
  });

  it('draws a bar on a terminal, which fits its width, and is gone at the end', async () => {
    await using _ = await recorded(...numbered(30).map((channel) => `slow-${channel}`));
    const { terminal, done } = sendBatch(['--concurrency', '2'], 60);
    expect(await done).toEqual({ exitCode: 0 });
    const lines = terminal.drawn.filter((line) => line !== undefined);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThan(60);
    expect(lines.at(-1)).toMatch(/^█+░* \d+\/30 · \d+ sent · [\d.]+\/s$/);
    expect(terminal.drawn.at(-1)).toBeUndefined();
    expect(terminal.printed).toEqual([expect.stringMatching(/^30 sent in /)]);
  });

  it('goes on with --watch, and ends when it is told to', async () => {
    await using before = await recorded('a');
    const { terminal, done } = sendBatch(['--watch']);
    await vi.waitFor(async () => expect(await before.push.messages.count({ state: 'SENT' })).toBe(1));
    await before.push.sendMany([
      { ...message, channels: 'b' },
      { ...message, channels: 'bad' },
    ]);
    await vi.waitFor(async () => expect(await before.push.messages.count({ state: 'SENT' })).toBe(2), 5_000);
    await vi.waitFor(async () => expect(await before.push.messages.count({ state: 'ERROR' })).toBe(1));
    terminal.end();
    expect(await done).toEqual({ exitCode: 0 });
    expect(terminal.printed[0]).toMatch(/^Stopping: \d under way\.$/);
    expect(terminal.printed.at(-1)).toMatch(/^2 sent, 1 failed in /);
  });

  it('ends with --watch, too, when it has taken --size messages', async () => {
    await using before = await recorded('a', 'b', 'c');
    const { terminal, done } = sendBatch(['--watch', '--size', '2']);
    expect(await done).toEqual({ exitCode: 0 });
    expect(terminal.printed.at(-1)).toMatch(/^2 sent in /);
    expect(await before.push.messages.count({ state: 'WAITING' })).toBe(1);
  });

  it('ends with 1 when it has taken --size messages with --watch, and one of them failed for good', async () => {
    await using before = await recorded('bad', 'b', 'c');
    const { terminal, done } = sendBatch(['--watch', '--size', '2', '--concurrency', '1']);
    expect(await done).toEqual({ exitCode: 1 });
    expect(terminal.printed.at(-1)).toMatch(/^1 sent, 1 failed in /);
    expect(await before.push.messages.count({ state: 'WAITING' })).toBe(1);
  });

  it.each<[string, string[], RegExp]>([
    ['a size of 0', ['x', '--size', '0'], /It must be at least 1/],
    ['an age that is none', ['x', '--max-age', 'old'], /It must be a time such as 30s, 5m, 2h or 30d/],
    ['no module', [], /missing required argument 'module'/],
    ['a module that is not there', ['./nowhere.js'], /There is no module \.\/nowhere\.js/],
  ])('refuses %s', async (_what, args, words) => {
    const terminal = new RecordingTerminal();
    expect(await runCommandLine(['send-batch', ...args], terminal)).toEqual({ exitCode: 2 });
    expect(terminal.complaints).toEqual([expect.stringMatching(words)]);
  });
});
