import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.js';
import { createPushService, PushService } from '../../src/index.js';
import { temporaryFolder } from '../recording/services-with-store.js';
import { RecordingTerminal } from './recording-terminal.js';

const message = { event: 'e', channels: ['a'], data: 1, wait: false };
let store: string;
let folder: string;

beforeEach(() => {
  store = `sqlite:${temporaryFolder()}/push.db`;
  vi.stubEnv('TEST_STORE', store);
  // Beside the fixtures, so that what they import is where it was.
  folder = mkdtempSync(join(import.meta.dirname, '../fixtures/.run-'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await PushService.reset();
  rmSync(folder, { recursive: true });
});

function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const terminal = new RecordingTerminal(environment);
  return { terminal, done: runCommandLine(args, terminal) };
}

/** A module of the application, of which a process would load a copy of its own. */
function fixture(name: string): string {
  const copy = join(folder, `${randomUUID()}.mjs`);
  copyFileSync(join(import.meta.dirname, '../fixtures/work', name), copy);
  return copy;
}

/** Arguments that name fixtures by `no-….mjs`. */
function withFixtures(args: readonly string[]): readonly string[] {
  return args.map((arg) => (/^no-.*\.mjs$/.test(arg) ? fixture(arg) : arg));
}

/** A process of the application that only records. */
function web(name?: string) {
  return createPushService({ backend: 'console', messages: store, worker: false, name });
}

async function health(address: string, init?: RequestInit): Promise<[number, unknown]> {
  const answer = await fetch(address, init);
  return [answer.status, init?.method === 'HEAD' ? await answer.text() : await answer.json()];
}

describe('pushrail work', () => {
  it('sends what waits in the store of the service that a module exports, until it is stopped', async () => {
    await using push = web('shop');
    const { id } = await push.send({ ...message, when: 'unpaid' });
    const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const { terminal, done } = run(['work', fixture('exports-push.mjs'), '--concurrency', '7']);
    await terminal.seen(
      /^Sending the messages of "shop" in the sqlite store by console, 7 at once\. Stop with Ctrl-C\.$/m,
    );
    await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'DEBUG', attempts: 1 }));
    terminal.end();
    expect(await done).toEqual({ exitCode: 0 });
    expect(terminal.printed.slice(1)).toEqual(['Stopping: 0 under way.', '1 sent', 'Stopped.']);
    expect(terminal.complaints).toEqual([]);
    expect(printed).toHaveBeenCalledOnce();
  });

  it('takes the default service that a module configures, with its settings', async () => {
    const { terminal, done } = run(['work', fixture('configures.mjs')]);
    await terminal.seen(/"default" in the sqlite store by console, 3 at once/);
    terminal.end();
    expect(await done).toEqual({ exitCode: 0 });
    expect(process.env['PUSH_WORKER']).toBeUndefined();
  });

  it('takes the default service also when a module configures it with several backends', async () => {
    const { terminal, done } = run(['work', fixture('configures-several.mjs')]);
    await terminal.seen(/"default" in the sqlite store by/);
    terminal.end();
    expect(await done).toEqual({ exitCode: 0 });
  });

  it('answers GET /up while it works, and not when it ends', async () => {
    const { terminal, done } = run(['work', fixture('exports-push.mjs'), '--port', '0']);
    const [, address = ''] = await terminal.seen(/^Health is at (http:\/\/127\.0\.0\.1:\d+\/up)\.$/m);
    await terminal.seen(/Sending the messages/);
    const body = { state: 'working', underWay: 0, concurrency: 100, service: 'shop', store: 'sqlite' };
    expect(await health(address)).toEqual([200, body]);
    expect(await health(address, { method: 'HEAD' })).toEqual([200, '']);
    expect(await health(address, { method: 'POST' })).toEqual([405, { error: 'Ask by GET.' }]);
    expect(await health(`${address}s`)).toEqual([404, { error: 'Ask for /up.' }]);
    terminal.end();
    expect(await done).toEqual({ exitCode: 0 });
    await expect(health(address)).rejects.toThrow('fetch failed');
  });

  it.each<[string, string[], number, RegExp]>([
    ['no module', ['work'], 2, /^error: missing required argument 'module'$/],
    [
      'a module that is not there',
      ['work', './nowhere.js'],
      2,
      /^error: There is no module \.\/nowhere\.js, which would be \/.*\/nowhere\.js\.$/,
    ],
    [
      'a module that fails',
      ['work', join(import.meta.dirname, '../fixtures/throws-on-load.mjs')],
      1,
      /^error: The module .*throws-on-load\.mjs could not be loaded: /,
    ],
    [
      'a module without a service',
      ['work', 'no-service.mjs'],
      2,
      /^error: The module .* has no push service: let it call PushService\.configure\(…\), or export a service as "push" or by default\.$/,
    ],
    [
      'a service without a store',
      ['work', 'no-store.mjs'],
      2,
      /^error: work\(\) needs a message store: set "messages" in PUSH_SERVER/,
    ],
    ['no number', ['work', 'x', '--concurrency', 'many'], 2, /It must be a whole number/],
    ['no port', ['work', 'x', '--port', '70000'], 2, /It must be a port/],
    [
      'an address that is not here',
      ['work', 'x', '--port', '0', '--host', '192.0.2.1'],
      1,
      /^error: The worker cannot listen on 192\.0\.2\.1:0: /,
    ],
  ])('refuses %s', async (_what, args, exitCode, words) => {
    const { terminal, done } = run(withFixtures(args));
    expect(await done).toEqual({ exitCode });
    expect(terminal.complaints).toEqual([expect.stringMatching(words)]);
    expect(terminal.printed).toEqual([]);
  });

  it('fails when the store cannot be opened', async () => {
    vi.stubEnv('TEST_STORE', 'sqlite:/nowhere/at/all/push.db');
    const { terminal, done } = run(['work', fixture('exports-push.mjs')]);
    expect((await done).exitCode).toBeGreaterThan(0);
    expect(terminal.complaints).toEqual([expect.stringMatching(/^error: .*\/nowhere\/at\/all/)]);
  });
});

describe('pushrail migrate', () => {
  it('makes the tables of the store that PUSH_MESSAGES names, and says which migrations it made', async () => {
    const first = run(['migrate'], { PUSH_MESSAGES: store });
    expect(await first.done).toEqual({ exitCode: 0 });
    expect(first.terminal.printed).toEqual(['made 0001_messages', 'made 0002_templates']);
    const second = run(['migrate'], { PUSH_MESSAGES: store });
    expect(await second.done).toEqual({ exitCode: 0 });
    expect(second.terminal.printed).toEqual(['The message store is up to date.']);
    expect(existsSync(store.slice('sqlite:'.length))).toBe(true);
  });

  it('takes the store of a module, and sends nothing of what waits there', async () => {
    const { terminal, done } = run(['migrate', fixture('exports-push.mjs')]);
    expect(await done).toEqual({ exitCode: 0 });
    expect(terminal.printed).toEqual(['made 0001_messages', 'made 0002_templates']);
    await using push = web('shop');
    const { id } = await push.send(message);
    expect(await run(['migrate', fixture('exports-push.mjs')]).done).toEqual({ exitCode: 0 });
    expect(await push.messages.get(id)).toMatchObject({ state: 'WAITING' });
  });

  it.each<[string, string[], NodeJS.ProcessEnv, RegExp]>([
    [
      'no store',
      [],
      {},
      /^error: No message store is named: pass the module that configures the push service, such as \.\/push\.js, or set PUSH_MESSAGES\.$/,
    ],
    [
      'a text that names none',
      [],
      { PUSH_MESSAGES: 'mongodb://root:hunter2@db/push' },
      /^error: PUSH_SERVER: "messages" must be a message store, .*, found a string\.$/,
    ],
    ['a service without a store', ['no-store.mjs'], {}, /^error: messages\.migrate\(\) needs a message store/],
  ])('refuses %s', async (_what, args, environment, words) => {
    const { terminal, done } = run(['migrate', ...withFixtures(args)], environment);
    expect(await done).toEqual({ exitCode: 2 });
    expect(terminal.complaints).toEqual([expect.stringMatching(words)]);
  });
});
