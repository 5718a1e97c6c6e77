import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConfigurationError, createPushService, type PushServerSettings, ValidationError } from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { servicesWith, temporaryFolder } from './services-with-store.js';

afterEach(() => vi.unstubAllEnvs());

const configured = (settings: unknown) => () =>
  createPushService({ backend: 'console', ...(settings as object) } as PushServerSettings);

describe('the settings of recorded messages', () => {
  const store =
    'PUSH_SERVER: "messages" must be a message store, such as sqliteMessages({ file: "push.db" }), or a text: "sqlite:FILE", "postgres://…", "mysql://…" or "memory:"';
  const time = 'a number of milliseconds, or a text such as "30s", "5m", "2h" or "1d"';

  it.each<[unknown, string]>([
    [{ messages: 7 }, `${store}, found 7.`],
    [{ messages: 'push.db' }, `${store}, found a string.`],
    [{ messages: 'oracle://root:hunter2@db/push' }, `${store}, found a string.`],
    [{ messages: { open() {} } }, `${store}, found an object.`],
    [{ name: '' }, 'PUSH_SERVER: "name" must be a text of 1 to 255 characters, found an empty string.'],
    [
      { worker: 'no' },
      'PUSH_SERVER: "worker" must be true, false or { concurrency, lease, poll, sweep }, found a string.',
    ],
    [{ worker: { concurrency: 0 } }, 'PUSH_SERVER: "worker.concurrency" must be at least 1, found 0.'],
    [{ worker: { lease: '10ms' } }, `PUSH_SERVER: "worker.lease" must be ${time}, 1000 ms or more, found a string.`],
    [{ worker: { poll: 1 } }, `PUSH_SERVER: "worker.poll" must be ${time}, 10 ms or more, found 1.`],
    [{ worker: { pol: '1s' } }, 'PUSH_SERVER: unknown key "worker.pol".'],
    [
      { recording: { retryDelays: ['soon'] } },
      `PUSH_SERVER: "recording.retryDelays.0" must be ${time}, found a string.`,
    ],
    [
      { recording: { seal: String } },
      'PUSH_SERVER: "recording" must have "seal" and "unseal", or neither, found an object.',
    ],
    [
      { recording: { retention: { SENT: -1 } } },
      `PUSH_SERVER: "recording.retention.SENT" must be false or ${time}, found -1.`,
    ],
    [{ clock: {} }, 'PUSH_SERVER: "clock" must have the methods now and after, found an object.'],
  ])('are checked: %j', (settings, message) => {
    expect(configured(settings)).toThrow(new ConfigurationError(message));
  });

  it('take the store from PUSH_MESSAGES, unless the code names one', async () => {
    const file = `${temporaryFolder()}/push.db`;
    vi.stubEnv('PUSH_MESSAGES', `sqlite:${file}`);
    const push = createPushService({ backend: 'console', worker: false });
    const { id } = await push.send({ event: 'e', channels: 'a', data: 1, wait: false });
    expect(await push.messages.get(id)).toMatchObject({ state: 'WAITING' });
    await push.close();

    const other = createPushService({ backend: 'console', worker: false, messages: memoryMessages() });
    expect(await other.messages.get(id)).toBeUndefined();
    await other.close();
  });

  it('name no store with messages: false, whatever PUSH_MESSAGES says', async () => {
    const file = `${temporaryFolder()}/push.db`;
    vi.stubEnv('PUSH_MESSAGES', `sqlite:${file}`);
    await using push = createPushService({ backend: 'console', messages: false });
    expect(await push.send({ event: 'e', channels: 'a' })).toMatchObject({ status: 'accepted' });
    await push.ready();
    await expect(push.messages.count()).rejects.toThrow('messages.count() needs a message store');
    expect(existsSync(file)).toBe(false);
  });

  it('are wrong with a PUSH_MESSAGES that names no store, and do not show its password', () => {
    vi.stubEnv('PUSH_MESSAGES', 'oracle://root:hunter2@db/push');
    expect(configured({})).toThrow(
      new ConfigurationError('PUSH_MESSAGES must be "sqlite:FILE", "postgres://…", "mysql://…" or "memory:".'),
    );
  });

  it('are wrong with a PUSH_WORKER that says neither', () => {
    vi.stubEnv('PUSH_WORKER', 'maybe');
    expect(configured({})).toThrow(
      new ConfigurationError(
        'PUSH_WORKER must be "false", for a process that leaves what waits in the message store to others, or "true".',
      ),
    );
  });
});

describe('work()', () => {
  it('needs a message store', async () => {
    const push = createPushService({ backend: 'console' });
    await expect(push.work()).rejects.toThrow(
      new ConfigurationError(
        `work() needs a message store: set "messages" in PUSH_SERVER, such as sqliteMessages({ file: 'push.db' }), or PUSH_MESSAGES in the environment.`,
      ),
    );
    await push.close();
  });

  it.each([0, 1.5, 10_001, '3' as never])('refuses a concurrency of %j', async (concurrency) => {
    const { push } = servicesWith(memoryMessages()).make();
    await expect(push.work({ concurrency })).rejects.toThrow(
      new ValidationError('"concurrency" must be a whole number from 1 to 10000.'),
    );
  });

  it('refuses an option that it has not', async () => {
    const { push } = servicesWith(memoryMessages()).make();
    await expect(push.work({ concurency: 1 } as never)).rejects.toThrow(
      new ValidationError('work() has no option "concurency"; did you mean "concurrency"?'),
    );
  });

  it('ends with the settings that it began with', async () => {
    const { push } = servicesWith(memoryMessages()).make({ worker: false });
    const worker = await push.work();
    push.configure({ backend: 'console', logger: new RecordingLogger() });
    await vi.waitFor(() => expect(worker.state).toBe('stopped'));
  });
});

describe('messages.migrate()', () => {
  it('makes the tables, and tells which migrations it made', async () => {
    const push = createPushService({
      backend: 'console',
      worker: false,
      messages: `sqlite:${temporaryFolder()}/push.db`,
    });
    expect(await push.messages.migrate()).toEqual(['0001_messages', '0002_templates']);
    expect(await push.messages.migrate()).toEqual([]);
    await push.close();
  });

  it('leaves a store open that is in use', async () => {
    const { push } = servicesWith(memoryMessages()).make();
    await push.messages.count();
    expect(await push.messages.migrate()).toEqual([]);
    expect(await push.messages.count()).toBe(0);
  });
});
