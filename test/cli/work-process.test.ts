import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createPushService } from '../../src/index.js';
import { temporaryFolder } from '../recording/services-with-store.js';
import { programOutput } from '../support/program-output.js';
import { type CommandProcess, commandProcess, fixture } from './command-process.js';

const root = join(import.meta.dirname, '../..');
const quiet = '--disable-warning=ExperimentalWarning';
let store: string;

beforeEach(() => {
  store = `sqlite:${temporaryFolder()}/push.db`;
});

/** Runs `pushrail work` in a process of its own. */
function work(args: readonly string[], environment: NodeJS.ProcessEnv = {}): CommandProcess {
  return commandProcess(['work', ...args], { TEST_STORE: store, ...environment });
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
