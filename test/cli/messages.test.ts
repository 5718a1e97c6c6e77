import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.js';
import { createPushService, DeliveryError, type PushService, type SendOptions } from '../../src/index.js';
import { temporaryFolder } from '../recording/services-with-store.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingTerminal } from './recording-terminal.js';

let store: string;
let backend: RecordingBackend;
let push: PushService;

beforeEach(async () => {
  store = `sqlite:${temporaryFolder()}/push.db`;
  backend = new RecordingBackend();
  push = createPushService({ backend, messages: store, worker: false, retries: 0 });
  await push.ready();
});

afterEach(() => push.close());

/** Runs a command on the store that the environment names. */
async function run(args: readonly string[], columns?: number) {
  const terminal = new RecordingTerminal({ PUSH_MESSAGES: store });
  terminal.columns = columns;
  const { exitCode } = await runCommandLine(args, terminal);
  return { exitCode, printed: terminal.printed, complaints: terminal.complaints };
}

async function waiting(options: Partial<SendOptions> = {}): Promise<string> {
  const message = { event: 'order.shipped', channels: 'orders', data: { id: 42 }, wait: false, ...options };
  return (await push.send(message as SendOptions)).id;
}

async function failed(): Promise<string> {
  backend.answer = () => Promise.reject(new DeliveryError('too \u001b[2Jlong', { outcome: 'rejected', status: 400 }));
  await push.send({ event: 'invoice.due', channels: 'invoices', data: 1 }).catch(() => {});
  backend.answer = () => undefined;
  return (await push.messages.find({ state: 'ERROR' })).messages[0]?.id ?? '';
}

describe('pushrail messages', () => {
  it('does not take a file that is not there for an empty store', async () => {
    const missing = `${temporaryFolder()}/mistyped.db`;
    const terminal = new RecordingTerminal({ PUSH_MESSAGES: `sqlite:${missing}` });
    const { exitCode } = await runCommandLine(['messages'], terminal);
    expect(exitCode).not.toBe(0);
    expect(terminal.complaints.join('\n')).toContain(`There is no file ${missing}, which PUSH_MESSAGES names`);
    expect(existsSync(missing)).toBe(false);
    expect((await runCommandLine(['migrate'], terminal)).exitCode).toBe(0);
    expect((await runCommandLine(['messages'], terminal)).exitCode).toBe(0);
    expect(terminal.printed.at(-1)).toBe('There are no such messages.');
  });

  it('lists messages, the newest first, and says how to see more', async () => {
    const older = await waiting();
    const newer = await waiting({ users: ['ann', 'ben', 'cid', 'dan'], channels: undefined });
    const bad = await failed();
    expect((await run(['messages', '--limit', '2'])).printed).toEqual([
      'AGE  STATE    TRIES  EVENT          TO                        WHY                ID',
      expect.stringMatching(
        `^\\d+s   ERROR    1      invoice.due    #invoices                 too .u001b.2Jlong  ${bad}$`,
      ),
      expect.stringMatching(
        `^\\d+s   WAITING  0      order.shipped  ann, ben, cid and 1 more                     ${newer}$`,
      ),
      '2 of 3. To see more: --limit 3',
    ]);
    expect((await run(['messages', '--until', '0s'])).printed.at(-1)).toMatch(new RegExp(`${older}$`));
  });

  it.each([120, 100, 80, 64, 40])('fits a terminal of %s columns', async (columns) => {
    const id = await waiting({ event: `order.${'shipped'.repeat(12)}`, channels: `東京-${'チャンネル'.repeat(9)}` });
    await failed();
    const { printed } = await run(['messages'], columns);
    const width = (line: string): number => line.replaceAll(/[^\u0020-\u007e…]/g, 'ww').length;
    for (const line of printed) expect(width(line)).toBeLessThanOrEqual(columns);
    expect(printed.join('\n')).toContain(id);
  });

  it('takes all filters together, and prints one JSON object a line', async () => {
    const id = await waiting({ tag: 'orders', key: 'k', users: 'ann', channels: undefined, data: 'C1 \u009b31m' });
    await waiting({ tag: 'orders', key: 'k', users: 'ben', channels: undefined });
    await waiting({ tag: 'other', key: 'k', users: 'ann', channels: undefined });
    const filters = ['--state', 'waiting,ERROR', '--tag', 'orders', '--recipient', 'ann', '--event', 'order.shipped'];
    const more = ['--key', 'k', '--since', '1h', '--until', '2999-01-01', '--json'];
    const { printed, complaints } = await run(['messages', ...filters, ...more]);
    expect(printed).toHaveLength(1);
    expect(printed[0]).toContain('C1 \\u009b31m');
    expect(JSON.parse(printed[0] ?? '')).toMatchObject({ id, tag: 'orders', data: 'C1 \u009b31m', state: 'WAITING' });
    expect(complaints).toEqual([]);
    expect((await run(['messages', '--json', '--limit', '1'])).complaints).toEqual(['1 of 3. To see more: --limit 3']);
  });

  it('says that there are none, and knows the services apart', async () => {
    await waiting();
    expect((await run(['messages', '--tag', 'none'])).printed).toEqual(['There are no such messages.']);
    expect((await run(['messages', '--service', 'shop'])).printed).toEqual(['There are no such messages.']);
  });

  it.each<[string, string[], RegExp]>([
    ['a state that there is not', ['--state', 'LOST'], /The states are WAITING, SENDING, /],
    [
      'a time that is none',
      ['--since', 'yesterday'],
      /It must be a date such as 2026-11-28 .* or a time ago such as 2h/,
    ],
    ['a unit that is none', ['--since', '2weeks'], /It must be a time such as 30s/],
    ['a service beside a module', ['./push.js', '--service', 'shop'], /The module says which service it is/],
  ])('refuses %s', async (_what, args, words) => {
    expect(await run(['messages', ...args])).toEqual({
      exitCode: 2,
      printed: [],
      complaints: [expect.stringMatching(words)],
    });
  });

  it('refuses to guess the store', async () => {
    const terminal = new RecordingTerminal();
    expect(await runCommandLine(['messages'], terminal)).toEqual({ exitCode: 2 });
    expect(terminal.complaints).toEqual([expect.stringMatching(/^error: No message store is named: /)]);
  });
});

describe('pushrail message', () => {
  it('tells what became of a message, without the control characters of its data', async () => {
    const id = await failed();
    const { printed, exitCode } = await run(['message', id]);
    expect(exitCode).toBe(0);
    const at = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;
    expect(printed).toEqual([
      `id         ${id}`,
      'service    default',
      'state      ERROR, tried once',
      'event      invoice.due',
      'to         channel invoices',
      expect.stringMatching(`^recorded   ${at} \\(\\d+s ago\\)$`),
      expect.stringMatching(`^changed    ${at} \\(\\d+s ago\\)$`),
      'backend    recording',
      'error      DeliveryError: too \\u001b[2Jlong (status 400, rejected, for good)',
      'data       1',
      'channels   1 rejected',
      expect.stringMatching(
        `^  rejected by recording at ${at}: invoices: DeliveryError: too .u001b.2Jlong \\(status 400, rejected, for good\\)$`,
      ),
    ]);
  });

  it('tells what a message waits for, and what it is about', async () => {
    const id = await waiting({
      users: ['ann', 'ben'],
      channels: undefined,
      ...{ tag: 'orders', key: 'k', priority: 'high', when: 'unread', delay: '90m', expires: '2d' },
      ...{ relatedTo: { type: 'order', id: 42 }, extraData: { a: 1 }, notification: { title: 'T', body: 'B' } },
    });
    const text = (await run(['message', id])).printed.join('\n');
    for (const line of [
      'state      WAITING, not tried yet',
      'to         2 users: ann, ben',
      'priority   high',
      'tag        orders',
      'key        k',
      'condition  unread',
      'about      order 42',
      'data       {"id":42}',
      'notice     {"title":"T","body":"B"}',
      'extra      {"a":1}',
    ])
      expect(text.split('\n')).toContain(line);
    expect(text).toMatch(/^due {8}\S+ \(in 1h\)$/m);
    expect(text).toMatch(/^expires {4}\S+ \(in 1d\)$/m);
  });

  it('fits a narrow terminal, and names the first of many channels', async () => {
    const channels = Array.from({ length: 50 }, (_, n) => `channel-${n}`);
    const { id } = await push.send({ event: 'e', channels, data: 'x'.repeat(300) });
    const { printed } = await run(['message', id], 40);
    for (const line of printed) expect(line.length).toBeLessThanOrEqual(40);
    expect(printed).toContain(`  ${id}`);
    expect(printed.join(' ').replaceAll(/\s+/g, ' ')).toContain('channel-19 and 30 more');
  });

  it('prints JSON', async () => {
    const id = await waiting();
    const { printed } = await run(['message', id, '--json']);
    expect(printed).toHaveLength(1);
    expect(JSON.parse(printed[0] ?? '')).toMatchObject({ id, recipients: { channels: ['orders'] } });
  });

  it('refuses an id that is none, and tells of one that there is not', async () => {
    expect(await run(['message', '42'])).toMatchObject({
      exitCode: 2,
      complaints: [expect.stringMatching(/must be a UUID/)],
    });
    const id = randomUUID();
    expect(await run(['message', id])).toMatchObject({
      exitCode: 1,
      complaints: [`error: There is no message ${id} in the store of this service.`],
    });
  });
});

describe('pushrail retry', () => {
  it('makes messages due, and says which cannot be', async () => {
    const [bad, later, unknown] = [await failed(), await waiting({ delay: '1h' }), randomUUID()];
    expect(await run(['retry', bad, later, unknown])).toEqual({
      exitCode: 1,
      printed: [`${bad} is due now`],
      complaints: [
        `${later} cannot be tried again: it is WAITING`,
        `${unknown} cannot be tried again: there is no such message`,
      ],
    });
    expect(await push.sendBatch()).toMatchObject({ sent: 1 });
    expect(await push.messages.get(bad)).toMatchObject({ state: 'SENT', attempts: 2 });
  });

  it('takes the word that is no id for the module, before the ids or behind them', async () => {
    const id = randomUUID();
    for (const words of [
      [id, './nowhere.js'],
      ['./nowhere.js', id],
    ])
      expect(await run(['retry', ...words])).toMatchObject({
        exitCode: 2,
        complaints: [expect.stringMatching(/^error: There is no module \.\/nowhere\.js/)],
      });
    expect(await run(['retry', './push.js', 'no-id'])).toMatchObject({
      exitCode: 2,
      complaints: ['error: "./push.js" and "no-id" are no ids, which are UUIDs, and there can be one module.'],
    });
    expect(await run(['retry', 'no-id'])).toMatchObject({
      exitCode: 2,
      complaints: ['error: Name the id of a message, which is a UUID.'],
    });
  });
});

describe('pushrail cancel', () => {
  it('stops messages by their ids, and by their key', async () => {
    const [one, two, three] = [
      await waiting(),
      await waiting({ key: 'invite:42' }),
      await waiting({ key: 'invite:42' }),
    ];
    expect(await run(['cancel', one])).toEqual({ exitCode: 0, printed: [`${one} is cancelled`], complaints: [] });
    expect(await run(['cancel', '--key', 'invite:42'])).toEqual({
      exitCode: 0,
      printed: ['2 messages cancelled.'],
      complaints: [],
    });
    expect(await run(['cancel', two])).toEqual({
      exitCode: 1,
      printed: [],
      complaints: [`${two} does not wait: it is CANCELLED`],
    });
    expect(await push.messages.get(three)).toMatchObject({ state: 'CANCELLED' });
    expect(await push.messages.count({ state: 'WAITING' })).toBe(0);
  });

  it('takes either ids or a key', async () => {
    const words = ['error: Name either ids of messages, or a --key.'];
    expect(await run(['cancel'])).toMatchObject({ exitCode: 2, complaints: words });
    expect(await run(['cancel', randomUUID(), '--key', 'k'])).toMatchObject({ exitCode: 2, complaints: words });
  });
});

describe('pushrail purge', () => {
  it('counts with --dry-run, and else removes, what ended long ago in a state', async () => {
    const { id } = await push.send({ event: 'e', channels: 'a', data: 1 });
    const bad = await failed();
    const purge = async (...args: string[]) => (await run(['purge', '--state', 'sent,skipped', ...args])).printed;
    expect(await purge('--older-than', '1d')).toEqual(['0 messages removed.']);
    expect(await purge('--older-than', '0s', '--dry-run')).toEqual(['1 message would be removed.']);
    expect(await push.messages.get(id)).toBeDefined();
    expect(await purge('--older-than', '0s')).toEqual(['1 message removed.']);
    expect(await push.messages.get(id)).toBeUndefined();
    expect(await push.messages.get(bad)).toBeDefined();
  });

  it.each<[string, string[], RegExp]>([
    ['what still waits', ['--state', 'SENT,WAITING', '--older-than', '1d'], /The states in which a message stays are/],
    ['no state', ['--older-than', '1d'], /required option '-s, --state <states>' not specified/],
    ['no age', ['--state', 'SENT'], /required option '--older-than <duration>' not specified/],
  ])('refuses %s', async (_what, args, words) => {
    expect(await run(['purge', ...args])).toMatchObject({
      exitCode: 2,
      complaints: [expect.stringMatching(words)],
    });
  });
});

it.each(['send-batch', 'messages', 'message', 'retry', 'cancel', 'purge'])(
  'pushrail %s --help ends with an example',
  async (command) => {
    const { exitCode, printed } = await run([command, '--help']);
    expect(exitCode).toBe(0);
    expect(printed.join('\n')).toMatch(new RegExp(`\nExample: {3}pushrail ${command} .*\\./push\\.js`));
  },
);
