import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPushService } from '../../src/index.js';
import { temporaryFolder } from '../recording/services-with-store.js';
import { programOutput } from '../support/program-output.js';

const root = join(import.meta.dirname, '../..');
const fixture = (name: string): string => join(root, 'test/fixtures/work', name);
const quiet = '--disable-warning=ExperimentalWarning';
const children: ChildProcess[] = [];
let store: string;

beforeEach(() => {
  store = `sqlite:${temporaryFolder()}/push.db`;
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Runs `pushrail work` in a process of its own. */
function work(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [quiet, join(root, 'dist/cli/main.js'), 'work', ...args], {
    env: { ...process.env, TEST_STORE: store, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  const ended = once(child, 'close');
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  return {
    child,
    output: () => output,
    answer: () => child.stdin.write('go on\n'),
    seen: (pattern: RegExp) => expect.poll(() => output, { timeout: 15_000 }).toMatch(pattern),
    /** Its exit code, and the signal that ended it, if one did. */
    ended: async (): Promise<unknown[]> => ended,
  };
}

async function recordedBeforehand(channels: readonly string[]) {
  const push = createPushService({ backend: 'console', messages: store, worker: false });
  const messages = channels.map((channel) => ({ event: 'e', channels: channel, data: 1, wait: false }));
  const ids = (await push.sendMany(messages)).map(({ id }) => id);
  const states = async () => Promise.all(ids.map(async (id) => (await push.messages.get(id))?.state));
  return { states, push, [Symbol.asyncDispose]: () => push.close() };
}

describe('a process of pushrail work', () => {
  it('lets what is under way end at SIGTERM, answers 503 meanwhile, and ends with 0', async () => {
    await using before = await recordedBeforehand(['a']);
    const worker = work([fixture('answers-by-hand.mjs'), '--port', '0']);
    await worker.seen(/sending a/);
    const [, address = ''] = /Health is at (\S+)\./.exec(worker.output()) ?? [];
    expect((await fetch(address)).status).toBe(200);
    worker.child.kill('SIGTERM');
    await worker.seen(/Stopping: 1 under way\./);
    const answer = await fetch(address);
    expect([answer.status, await answer.json()]).toEqual([503, { state: 'stopping', underWay: 1 }]);
    worker.answer();
    // The module leaves stdin open, which would hold the process.
    expect(await worker.ended()).toEqual([0, null]);
    expect(worker.output()).toMatch(/1 sent\nStopped\.\n$/);
    expect(await before.states()).toEqual(['SENT']);
  });

  it('hands back what it has not begun when its time is over, and ends with 0', async () => {
    await using before = await recordedBeforehand(['a', 'b', 'c']);
    const worker = work([fixture('answers-by-hand.mjs')], { TEST_CLOSE_TIMEOUT: '400' });
    await worker.seen(/sending a/);
    worker.child.kill('SIGINT');
    expect(await worker.ended()).toEqual([0, null]);
    expect(await before.states()).toEqual(['WAITING', 'WAITING', 'WAITING']);
    expect((await before.push.messages.find()).messages.map(({ attempts }) => attempts)).toEqual([0, 0, 0]);

    const next = work([fixture('answers-by-hand.mjs')]);
    for (const channel of ['a', 'b', 'c']) {
      await next.seen(new RegExp(`sending ${channel}`));
      next.answer();
    }
    await expect.poll(before.states).toEqual(['SENT', 'SENT', 'SENT']);
  });

  it('ends at once at the second signal', async () => {
    await using before = await recordedBeforehand(['a']);
    const worker = work([fixture('answers-by-hand.mjs')]);
    await worker.seen(/sending a/);
    worker.child.kill('SIGTERM');
    await worker.seen(/Stopping/);
    worker.child.kill('SIGTERM');
    expect(await worker.ended()).toEqual([1, null]);
    expect(await before.states()).toEqual(['SENDING']);
  });
});

it('a process with a store and a message that waits for its time ends by itself', async () => {
  const output = await programOutput(process.execPath, [quiet, fixture('ends-by-itself.mjs')], root, {
    TEST_STORE: store,
  });
  expect(output).toBe('[push] a  now  1\n2\n');
});
