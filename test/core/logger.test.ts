import { fastify } from 'fastify';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { defaultLogger, guarded } from '../../src/core/logger.js';
import { ConfigurationError, createPushService, type Logger } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';

afterEach(() => {
  vi.restoreAllMocks();
});

test('the default logger is silent, except for warnings and errors', () => {
  const printed = (['debug', 'info', 'log', 'warn', 'error'] as const).map((method) =>
    vi.spyOn(console, method).mockReturnValue(),
  );
  defaultLogger.debug({}, 'a');
  defaultLogger.info({ some: 'detail' }, 'b');
  defaultLogger.warn({}, 'c');
  defaultLogger.error({ channel: 'orders' }, 'd');
  expect(printed.map((spy) => spy.mock.calls)).toEqual([
    [],
    [],
    [],
    [['pushrail: c']],
    [['pushrail: d', { channel: 'orders' }]],
  ]);
});

test('pino writes out what went wrong', async () => {
  const lines: string[] = [];
  const { log } = fastify({ logger: { stream: { write: (line: string) => lines.push(line) } } });
  const backend = new RecordingBackend();
  await using service = createPushService({ backend, logger: log });
  service.on('messageReceived', () => expect.fail('disk full'));
  backend.receive({ channel: 'orders', event: 'e', data: 1 });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { msg: 'a messageReceived listener failed', channel: 'orders', err: { message: 'disk full' } },
  ]);
});

describe('a logger that fails', () => {
  const failure = new Error('disk full');
  const note = ['pushrail: the logger failed, so its entries are logged here', { err: failure }];

  function failing(fail: () => never | Promise<never>): Logger {
    return { debug: fail, info: fail, warn: fail, error: fail };
  }

  function printed(): { warn: () => unknown[][]; error: () => unknown[][] } {
    const [warn, error] = (['warn', 'error'] as const).map((method) => vi.spyOn(console, method).mockReturnValue());
    return { warn: () => warn?.mock.calls ?? [], error: () => error?.mock.calls ?? [] };
  }

  function throwing(): never {
    throw failure;
  }

  test.each<[string, () => never | Promise<never>]>([
    ['throws', throwing],
    ['rejects', () => Promise.reject(failure)],
  ])('because it %s throws nothing; the default logger takes its entries and says so once', async (_how, fail) => {
    const { warn, error } = printed();
    const logger = guarded(failing(fail));
    logger.debug({}, 'a');
    logger.info({}, 'b');
    logger.warn({}, 'c');
    logger.error({ channel: 'orders' }, 'd');
    await new Promise(setImmediate);
    expect(warn()).toEqual([note, ['pushrail: c']]);
    expect(error()).toEqual([['pushrail: d', { channel: 'orders' }]]);
  });

  test('throws nothing when the console fails too', () => {
    vi.spyOn(console, 'warn').mockImplementation(throwing);
    vi.spyOn(console, 'error').mockImplementation(throwing);
    guarded(failing(throwing)).error({}, 'a');
    guarded(defaultLogger).warn({}, 'b');
  });

  test('now and then loses nothing, and gets every entry', () => {
    const { error } = printed();
    const logger = new RecordingLogger();
    const write = vi.spyOn(logger, 'error').mockImplementationOnce(throwing);
    guarded(logger).error({}, 'a');
    guarded(logger).error({}, 'b');
    expect([error(), write.mock.calls, logger.entries]).toEqual([
      [['pushrail: a']],
      [
        [{}, 'a'],
        [{}, 'b'],
      ],
      [{ level: 'error', details: {}, text: 'b' }],
    ]);
  });

  test('ends nothing that runs in the background: listeners, the opening of a backend, the backend itself', async () => {
    const { error } = printed();
    class Talkative extends RecordingBackend {
      override async open(): Promise<void> {
        this.logger.error({}, 'from the backend');
        throw new Error('down');
      }
    }
    const backend = new Talkative();
    const push = createPushService({ backend, logger: failing(throwing) });
    push.on('messageReceived', () => {
      throw new Error('listener');
    });
    backend.receive({ channel: 'a', event: 'e', data: 1 });
    await failureOf(ConfigurationError, push.ready());
    await new Promise(setImmediate);
    expect(error().map(([text]) => text)).toEqual([
      'pushrail: a messageReceived listener failed',
      'pushrail: from the backend',
      'pushrail: the recording backend could not be opened',
    ]);
  });
});
