import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  createPushService,
  type IncomingMessage,
  PushError,
  type PushService,
  PushServiceWrapper,
  UnsupportedOperationError,
  ValidationError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';

let backend = new RecordingBackend();
let logger = new RecordingLogger();
let push: PushService;

beforeEach(() => {
  backend = new RecordingBackend();
  logger = new RecordingLogger();
  push = createPushService({ backend, logger });
});

function abortable(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

function message(data: unknown, channel = 'orders'): IncomingMessage {
  return { channel, event: 'e', data };
}

describe('listeners', () => {
  test('each get every message once, in the order in which they were added, as it came in', () => {
    const calls: unknown[] = [];
    const incoming = message(1);
    push.on('messageReceived', (received) => calls.push(['first', received]));
    push.on('messageReceived', (received) => calls.push(['second', received]));
    backend.receive(incoming);
    expect(calls).toEqual([
      ['first', incoming],
      ['second', incoming],
    ]);
  });

  test('added twice are called once', () => {
    const calls: unknown[] = [];
    const listener = (received: IncomingMessage): void => void calls.push(received.data);
    push.on('messageReceived', listener).on('messageReceived', listener).once('messageReceived', listener);
    backend.receive(message(1));
    backend.receive(message(2));
    expect(calls).toEqual([1, 2]);
  });

  test('that throw or reject are logged, and the others are called all the same', async () => {
    const thrown = new Error('thrown');
    const rejected = new Error('rejected');
    const calls: unknown[] = [];
    push.on('messageReceived', () => {
      throw thrown;
    });
    push.on('messageReceived', () => Promise.reject(rejected));
    push.on('messageReceived', (received) => calls.push(received.data));
    backend.receive(message(1));
    backend.receive(message(2));
    await new Promise(setImmediate);
    expect(calls).toEqual([1, 2]);
    const entry = (error: Error): object => ({
      level: 'error',
      text: 'a messageReceived listener failed',
      details: { err: error, channel: 'orders', event: 'e' },
    });
    expect(logger.entries).toEqual([entry(thrown), entry(thrown), entry(rejected), entry(rejected)]);
  });

  test('added with once are called once, also when the first call brings another message', () => {
    const calls: unknown[] = [];
    push.once('messageReceived', (received) => {
      calls.push(received.data);
      if (received.data === 1) backend.receive(message(2));
    });
    backend.receive(message(1));
    backend.receive(message(3));
    expect(calls).toEqual([1]);
  });

  test('that are removed are not called, also while a message is handed out', () => {
    const calls: string[] = [];
    const second = (): void => void calls.push('second');
    push.on('messageReceived', () => {
      calls.push('first');
      push.off('messageReceived', second);
    });
    push.on('messageReceived', second);
    backend.receive(message(1));
    backend.receive(message(2));
    expect(calls).toEqual(['first', 'second', 'first']);
  });

  test('end with their signal, which forgets those that were removed before', () => {
    const calls: unknown[] = [];
    const { signal, abort } = abortable();
    const listener = (received: IncomingMessage): void => void calls.push(received.data);
    push.on('messageReceived', listener, { signal });
    push.once('messageReceived', () => calls.push('once'), { signal });
    backend.receive(message(1));
    expect(listenersOf(signal)).toBe(1);
    push.off('messageReceived', listener);
    expect(listenersOf(signal)).toBe(0);
    push.on('messageReceived', listener, { signal });
    abort();
    backend.receive(message(2));
    push.on('messageReceived', listener, { signal });
    backend.receive(message(3));
    expect(calls).toEqual([1, 'once']);
  });

  test.each([
    [{ signal: 5 }, '"signal" must be an AbortSignal.'],
    [{ sginal: undefined }, 'on() has no option "sginal"; did you mean "signal"?'],
    ['orders', 'The options of on() must be an object.'],
  ])('refuse the options %j', async (options, words) => {
    const adding = (): unknown => push.on('messageReceived', () => {}, options as never);
    expect((await failureOf(ValidationError, adding)).message).toBe(words);
  });

  test('must be functions, and the event messageReceived', async () => {
    expect((await failureOf(ValidationError, () => push.on('messageReceived', undefined as never))).message).toBe(
      'A listener must be a function.',
    );
    for (const method of ['on', 'once', 'off'] as const) {
      const error = await failureOf(ValidationError, () => push[method]('message' as 'messageReceived', () => {}));
      expect(error.message).toBe(
        'A push service has no event "message": its events are "messageReceived", "recorded", "sent", "failed", "retrying", "skipped", "cancelled".',
      );
    }
  });
});

describe('subscribe', () => {
  test('twice asks the backend once; unsubscribing once ends it', async () => {
    await push.subscribe('orders');
    await Promise.all([push.subscribe('orders'), push.channel('orders').subscribe()]);
    expect(backend.calls).toEqual(['open', 'subscribe orders']);
    await push.unsubscribe('orders');
    await push.channel('orders').unsubscribe();
    expect(backend.calls).toEqual(['open', 'subscribe orders', 'unsubscribe orders']);
  });

  test('to different channels is kept apart', async () => {
    await Promise.all([push.subscribe('a'), push.subscribe('b')]);
    await push.unsubscribe('a');
    expect(backend.calls).toEqual(['open', 'subscribe a', 'subscribe b', 'unsubscribe a']);
  });

  test.each([
    [
      ['subscribe', 'unsubscribe'],
      ['subscribe', 'unsubscribe'],
    ],
    [
      ['subscribe', 'unsubscribe', 'subscribe'],
      ['subscribe', 'unsubscribe', 'subscribe'],
    ],
    [['unsubscribe', 'subscribe', 'subscribe'], ['subscribe']],
    [
      ['subscribe', 'subscribe', 'unsubscribe', 'unsubscribe', 'subscribe'],
      ['subscribe', 'unsubscribe', 'subscribe'],
    ],
  ] as const)('%j without waiting in between is carried out in order, one after the other', async (calls, expected) => {
    let busy = 0;
    const carriedOut: string[] = [];
    const note = (name: string) => async (): Promise<void> => {
      expect(++busy).toBe(1);
      carriedOut.push(name);
      await new Promise(setImmediate);
      busy--;
    };
    backend.subscribe = note('subscribe');
    backend.unsubscribe = note('unsubscribe');
    await Promise.all(calls.map((call) => push[call]('orders')));
    expect(carriedOut).toEqual(expected);
  });

  test('that failed is none: the next one tries again', async () => {
    let tries = 0;
    backend.subscribe = async () => {
      if (++tries === 1) throw new Error('not now');
    };
    const error = await failureOf(PushError, push.subscribe('orders'));
    expect(error.message).toBe('The recording backend failed: not now');
    await push.subscribe('orders');
    await push.subscribe('orders');
    expect(tries).toBe(2);
    await push.unsubscribe('orders');
    expect(backend.calls).toEqual(['open', 'unsubscribe orders']);
  });

  test('says what to do where the backend cannot receive', async () => {
    class SendOnly extends PushServiceWrapper {
      protected async sendData(): Promise<void> {}
    }
    const error = await failureOf(
      UnsupportedOperationError,
      createPushService({ backend: SendOnly }).subscribe('orders'),
    );
    expect(error.message).toBe(
      'The SendOnly backend cannot subscribe to "orders": override subscribe() and unsubscribe() and call this.receive(message).',
    );
  });

  test.each([
    [undefined, 'must be a string'],
    [null, 'must be a string, not null'],
    [5, 'must be a string, not a value of type number'],
    ['', 'must not be an empty string'],
    ['a\nb', 'has characters that the recording backend does not take'],
  ])('to %j is refused before the backend is asked', async (channel, words) => {
    for (const call of [
      () => push.subscribe(channel as string),
      () => push.unsubscribe(channel as string),
      () => push.messages(channel as string),
    ]) {
      expect((await failureOf(ValidationError, call)).message).toContain(words);
    }
    await push.ready();
    expect(backend.calls).toEqual(['open']);
  });
});

describe('through the console backend', () => {
  test('two subscriptions to one channel deliver once to each listener, and unsubscribe stops it', async () => {
    const calls: unknown[] = [];
    push = createPushService({ backend: 'console', options: { stream: { write: () => {} } } });
    push.on('messageReceived', ({ data }) => calls.push(data));
    await push.subscribe('orders');
    await push.subscribe('orders');
    await push.send({ channels: ['orders', 'others'], data: 1 });
    await push.unsubscribe('orders');
    await push.send({ channels: 'orders', data: 2 });
    expect(calls).toEqual([1]);
  });

  test('what came in can be sent on from within a listener', async () => {
    push = createPushService({ backend: 'console', concurrency: 1, options: { stream: { write: () => {} } } });
    const seen: string[] = [];
    const done = Promise.withResolvers<unknown>();
    push.on('messageReceived', ({ channel }) => {
      seen.push(channel);
      if (channel === 'in') done.resolve(push.send({ channels: 'out', data: null }));
    });
    await Promise.all([push.subscribe('in'), push.subscribe('out')]);
    await push.send({ channels: 'in', data: null });
    await done.promise;
    expect(seen).toEqual(['in', 'out']);
  });
});
