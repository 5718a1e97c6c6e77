import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createPushService } from '../../src/index.js';
import { temporaryFolder } from '../recording/services-with-store.js';
import { withPostgres } from '../support/postgres.js';
import { programOutput } from '../support/program-output.js';
import { type CommandProcess, commandProcess, fixture } from './command-process.js';

const root = join(import.meta.dirname, '../..');
const MANY = 300;
const database = withPostgres();
let sqlite: string;

beforeEach(() => {
  sqlite = `sqlite:${temporaryFolder()}/push.db`;
});

/** Runs `pushrail send-batch` in a process of its own. */
function sendBatch(module: string, args: readonly string[], environment: NodeJS.ProcessEnv): CommandProcess {
  return commandProcess(['send-batch', fixture(module), ...args], environment);
}

async function recordedBeforehand(messages: string, channels: readonly string[]) {
  const push = createPushService({ backend: 'console', messages, worker: false });
  await push.sendMany(channels.map((channel) => ({ event: 'e', channels: channel, data: 1, wait: false })));
  return { push, [Symbol.asyncDispose]: () => push.close() };
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `c${n}`);

describe('two processes of pushrail send-batch at once', () => {
  it.each<[string, () => string]>([
    ['SQLite', () => sqlite],
    ['PostgreSQL', () => database.url()],
  ])('send each of 300 messages in %s once', async (_name, address) => {
    const store = address();
    await using before = await recordedBeforehand(store, numbered(MANY));
    const notes = join(temporaryFolder(), 'notes');
    const environment = { TEST_STORE: store, TEST_NOTES: notes };
    const args = ['--concurrency', '20'];
    const both = [1, 2].map(() => sendBatch('notes-sends.mjs', args, environment));
    expect(await Promise.all(both.map(({ ended }) => ended()))).toEqual([
      [0, null],
      [0, null],
    ]);
    const sent = readFileSync(notes, 'utf8').trimEnd().split('\n');
    const channels = sent.map((line) => line.split(' ')[1]);
    expect(channels.toSorted()).toEqual(numbered(MANY).toSorted());
    expect(await before.push.messages.count({ state: 'SENT' })).toBe(MANY);
    // Each says what it has sent itself.
    for (const { output, child } of both) {
      const own = sent.filter((line) => line.startsWith(`${child.pid} `)).length;
      expect(output()).toMatch(own === 0 ? /^Nothing was due\.\n$/ : new RegExp(`^${own} sent in `));
    }
  });
});

describe('a process of pushrail send-batch', () => {
  const slow = (...args: string[]) =>
    sendBatch('answers-by-hand.mjs', ['--concurrency', '1', ...args], { TEST_STORE: sqlite });

  it('lets what is under way end at SIGINT, takes nothing more, and tells what is left', async () => {
    await using before = await recordedBeforehand(sqlite, numbered(3));
    const batch = slow();
    await batch.seen(/sending c\d/);
    batch.child.kill('SIGINT');
    await batch.seen(/Stopping: 1 under way\./);
    batch.answer();
    expect(await batch.ended()).toEqual([0, null]);
    expect(batch.output()).toMatch(/\n1 sent in \d+\.\d s\.\n2 left\.\n$/);
    expect(await before.push.messages.count({ state: 'SENT' })).toBe(1);
    expect(await before.push.messages.count({ state: 'WAITING' })).toBe(2);
  });

  it('ends at once at the second signal', async () => {
    await using before = await recordedBeforehand(sqlite, ['a']);
    const batch = slow();
    await batch.seen(/sending a/);
    batch.child.kill('SIGINT');
    await batch.seen(/Stopping/);
    batch.child.kill('SIGINT');
    expect(await batch.ended()).toEqual([1, null]);
    expect(await before.push.messages.count({ state: 'SENDING' })).toBe(1);
  });

  it('goes on with --watch until SIGTERM, and ends with 0', async () => {
    await using before = await recordedBeforehand(sqlite, []);
    const batch = slow('--watch');
    await expect.poll(() => existsSync(sqlite.slice('sqlite:'.length))).toBe(true);
    await before.push.send({ event: 'e', channels: 'later', data: 1, wait: false });
    await batch.seen(/sending later/);
    batch.answer();
    await expect.poll(() => before.push.messages.count({ state: 'SENT' })).toBe(1);
    batch.child.kill('SIGTERM');
    expect(await batch.ended()).toEqual([0, null]);
    expect(batch.output()).toMatch(/Stopping: 0 under way\.\n1 sent in /);
  });

  it('ends with 1 when the store does not answer', async () => {
    const batch = sendBatch('answers-by-hand.mjs', [], { TEST_STORE: 'postgres://nobody@127.0.0.1:1/none' });
    expect(await batch.ended()).toEqual([1, null]);
    expect(batch.output()).toMatch(/^error: .*\n$/m);
  });
});

it('draws its bar on a terminal below what the application logs, which stands there whole, and ends with the counts', async () => {
  await using before = await recordedBeforehand(sqlite, numbered(60));
  const module = join(root, 'test/fixtures/work/warns-between.mjs');
  const main = `${process.execPath} --disable-warning=ExperimentalWarning ${join(root, 'dist/cli/main.js')}`;
  const command = `stty columns 70; ${main} send-batch ${module} --concurrency 1`;
  const screen = await programOutput('script', ['-qefc', command, '/dev/null'], root, { TEST_STORE: sqlite });
  // What each line looks like, piece by piece: the terminal goes to its beginning and clears it.
  const lines = screen.split('\r\n').map((line) => line.split('\r\u001b[K'));
  const [warned = [], counted = []] = lines;
  expect(warned.at(-1)).toBe('the provider is slow today');
  expect(warned.slice(0, -1)).toContainEqual(expect.stringMatching(/^█+░+ 30\/60 · 30 sent · [\d.]+\/s$/));
  expect(counted).toContainEqual(expect.stringMatching(/^█+░+ 30\/60 · 30 sent · [\d.]+\/s$/));
  for (const bar of [...warned.slice(0, -1), ...counted.slice(0, -1)]) expect(bar.length).toBeLessThan(70);
  expect(counted.at(-1)).toMatch(/^60 sent in [\d.]+ s\.$/);
  expect(lines.slice(2)).toEqual([['']]);
  expect(await before.push.messages.count({ state: 'SENT' })).toBe(60);
});

it('a list ends without an error when nobody reads it any more', async () => {
  await using _ = await recordedBeforehand(sqlite, numbered(MANY));
  const main = join(root, 'dist/cli/main.js');
  const child = spawn(
    'bash',
    ['-c', `${process.execPath} --disable-warning=ExperimentalWarning ${main} messages --limit ${MANY} | head -1`],
    { env: { ...process.env, PUSH_MESSAGES: sqlite }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  await once(child, 'close');
  expect(output).toMatch(/^AGE {2}STATE .*ID\n$/);
});
