import { describe, expect, test } from 'vitest';
import { ConfigurationError, createPushService, type PushServerSettings, type PushService } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';

/** Backends whose calls go into one list. */
function backendsSharing(calls: string[], ...names: string[]): RecordingBackend[] {
  return names.map((name) => {
    const backend = new RecordingBackend();
    backend.calls.push = (call) => calls.push(`${name}: ${call}`);
    return backend;
  });
}

describe('configuring twice', () => {
  test('closes the backend in use before the new one is opened, and after what is being sent', async () => {
    const calls: string[] = [];
    const [first, second] = backendsSharing(calls, 'first', 'second') as [RecordingBackend, RecordingBackend];
    const slow = Promise.withResolvers<void>();
    first.answer = async () => {
      await slow.promise;
      calls.push('first: sent');
    };
    const push = createPushService({ backend: first });
    await push.ready();
    const sending = push.send({ channels: 'a', data: 1 });
    push.configure({ backend: second });
    expect(push.backend).toBe(second);
    const next = push.send({ channels: 'b', data: 2 });
    slow.resolve();
    expect(await sending).toMatchObject({ status: 'accepted' });
    await next;
    expect(calls).toEqual(['first: open', 'first: sent', 'first: close', 'second: open']);
    expect([first.sent, second.sent]).toEqual([[['a']], [['b']]]);
  });

  test('three times in a row ends with the last, and the others closed', async () => {
    const calls: string[] = [];
    const [a, b, c] = backendsSharing(calls, 'a', 'b', 'c') as [RecordingBackend, RecordingBackend, RecordingBackend];
    const push = createPushService({ backend: a });
    push.configure({ backend: b });
    push.configure({ backend: c });
    await push.send({ channels: 'x', data: 1 });
    expect(calls).toEqual(['a: open', 'a: close', 'b: open', 'b: close', 'c: open']);
    expect([a.sent, b.sent, c.sent]).toEqual([[], [], [['x']]]);
  });

  test('with the same instance opens it anew, and what comes in through it still fires', async () => {
    const backend = new RecordingBackend();
    const push = createPushService({ backend });
    await push.ready();
    push.configure({ backend });
    await push.ready();
    const received: unknown[] = [];
    push.on('messageReceived', (message) => received.push(message.data));
    backend.receive({ channel: 'a', event: 'e', data: 1 });
    expect(backend.calls).toEqual(['open', 'close', 'open']);
    expect(received).toEqual([1]);
  });

  test('keeps the listeners and hears the old backend no more', async () => {
    const [first, second] = [new RecordingBackend(), new RecordingBackend()];
    const push = createPushService({ backend: first });
    const received: unknown[] = [];
    push.on('messageReceived', (message) => received.push(message.data));
    first.receive({ channel: 'a', event: 'e', data: 'first' });
    push.configure({ backend: second });
    await push.ready();
    first.receive({ channel: 'a', event: 'e', data: 'too late' });
    second.receive({ channel: 'a', event: 'e', data: 'second' });
    expect(received).toEqual(['first', 'second']);
  });

  test('does not fail because the old backend cannot be closed: that is logged', async () => {
    const logger = new RecordingLogger();
    const first = new RecordingBackend({}, { secretKey: 'open-sesame' });
    first.close = () => Promise.reject(new Error('stuck with open-sesame'));
    const push = createPushService({ backend: first });
    push.configure({ backend: new RecordingBackend(), logger });
    expect(await push.send({ channels: 'a', data: 1 })).toMatchObject({ status: 'accepted' });
    expect(logger.entries).toMatchObject([
      {
        level: 'error',
        text: 'the previous backend could not be closed',
        details: { err: { message: 'The recording backend failed: stuck with [secret]' } },
      },
    ]);
  });

  test.each<[string, unknown]>([
    ['a wrong setting', { backend: 'console', timeout: 'soon' }],
    ['a backend that refuses its settings', { backend: 'websocket' }],
    ['a module that is missing', { backend: './nowhere.js#Mine' }],
  ])('with %s leaves the old one working', async (_what, settings) => {
    const backend = new RecordingBackend();
    const push = createPushService({ backend });
    await failureOf(ConfigurationError, () => push.configure(settings as PushServerSettings));
    expect(push.backend).toBe(backend);
    expect(await push.send({ channels: 'a', data: 1 })).toMatchObject({ status: 'accepted' });
    expect(backend.calls).toEqual(['open']);
  });
});

describe('a backend that cannot be opened', () => {
  function unopenable(error: unknown): { push: PushService; logger: RecordingLogger; backend: RecordingBackend } {
    const logger = new RecordingLogger();
    const backend = new RecordingBackend({}, { secretKey: 'open-sesame' });
    backend.open = () => Promise.reject(error);
    return { push: createPushService({ backend, logger }), logger, backend };
  }

  test('is logged once, and every call says why', async () => {
    const { push, logger, backend } = unopenable(new Error('EADDRINUSE'));
    const words = 'The recording backend could not be opened: EADDRINUSE';
    const calls = [
      () => push.ready(),
      () => push.send({ channels: 'a', data: 1 }),
      () => push.send({ channels: 'a', data: 1 }),
      () => push.subscribe('a'),
      () => push.channel('a').info(),
    ];
    for (const call of calls) expect((await failureOf(ConfigurationError, call)).message).toBe(words);
    expect(backend.requests).toEqual([]);
    expect(logger.entries).toMatchObject([
      { level: 'error', text: 'the recording backend could not be opened', details: { err: { message: words } } },
    ]);
  });

  test('keeps its own PushError', async () => {
    const error = new ConfigurationError('port 80 is taken');
    expect(await failureOf(ConfigurationError, unopenable(error).push.ready())).toBe(error);
  });

  test('shows no secret', async () => {
    const { push, logger } = unopenable(new Error('wrong key open-sesame'));
    const error = await failureOf(ConfigurationError, push.ready());
    expect(error.message).toBe('The recording backend could not be opened: wrong key [secret]');
    expect(logger.entries[0]?.details).toEqual({ err: error });
  });

  test('is no unhandled rejection when nothing is sent, and is mended by configuring anew', async () => {
    const { push } = unopenable(new Error('down'));
    await new Promise(setImmediate);
    const backend = new RecordingBackend();
    push.configure({ backend });
    expect(await push.send({ channels: 'a', data: 1 })).toMatchObject({ status: 'accepted' });
  });

  test('can be closed', async () => {
    const { push, backend } = unopenable(new Error('down'));
    await push.close();
    expect(backend.calls).toEqual(['close']);
  });
});

test('a message waits until the backend is open', async () => {
  const backend = new RecordingBackend();
  const opening = Promise.withResolvers<void>();
  backend.open = () => opening.promise;
  const sending = createPushService({ backend }).send({ channels: 'a', data: 1 });
  await new Promise(setImmediate);
  expect(backend.requests).toEqual([]);
  opening.resolve();
  expect(await sending).toMatchObject({ status: 'accepted' });
});

test('two services know nothing of each other', async () => {
  const [first, second] = [new RecordingBackend(), new RecordingBackend()];
  const [one, two] = [createPushService({ backend: first }), createPushService({ backend: second })];
  const received: unknown[] = [];
  one.on('messageReceived', (message) => received.push(message.data));
  second.receive({ channel: 'a', event: 'e', data: 1 });
  await two.close();
  expect(received).toEqual([]);
  expect(await one.send({ channels: 'a', data: 1 })).toMatchObject({ status: 'accepted' });
});
