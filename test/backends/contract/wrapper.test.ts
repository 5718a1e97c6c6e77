import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  type BackendCapabilities,
  type BackendSettings,
  ConfigurationError,
  createPushService,
  type IncomingMessage,
  PushServiceWrapper,
  UnsupportedOperationError,
} from '../../../src/index.js';
import { failureOf } from '../../support/failure-of.js';
import { RecordingBackend } from '../../support/recording-backend.js';

class Plain extends PushServiceWrapper {
  protected async sendData(): Promise<void> {}

  check(...keys: ('appId' | 'pubKey' | 'subKey' | 'secretKey')[]): void {
    this.requireCredentials(...keys);
  }
}

class Listening extends Plain {
  callback: ((message: IncomingMessage) => void) | undefined;

  override async subscribe(): Promise<void> {
    this.callback = this.receive;
  }
}

describe('the settings', () => {
  test('are read by name; what is missing is named when it is read', async () => {
    const backend = new Plain({ appId: 'app', options: { a: 1 } });
    expect([backend.appId, backend.useSsl, backend.options]).toEqual(['app', true, { a: 1 }]);
    expect(new Plain().options).toEqual({});
    for (const key of ['pubKey', 'subKey', 'secretKey'] as const) {
      expect((await failureOf(ConfigurationError, () => backend[key])).message).toBe(
        `The Plain backend needs "${key}": set it in PUSH_SERVER beside "backend".`,
      );
    }
    expect((await failureOf(ConfigurationError, () => backend.check('appId', 'pubKey', 'secretKey'))).message).toBe(
      'The Plain backend needs "pubKey", "secretKey": set them in PUSH_SERVER beside "backend".',
    );
    expect(() => backend.check('appId')).not.toThrow();
  });

  test('are a copy of what was given', () => {
    const settings: BackendSettings = { appId: 'one' };
    const backend = new Plain(settings);
    settings.appId = 'two';
    expect(backend.appId).toBe('one');
  });

  test('show without secrets in console.log, and in JSON', () => {
    const backend = new Plain({ appId: 'app', secretKey: 'open-sesame' });
    expect(inspect(backend)).toBe("{ backend: 'Plain', appId: 'app', secretKey: '[secret]' }");
    expect(JSON.stringify({ backend })).toBe('{"backend":{"backend":"Plain","appId":"app","secretKey":"[secret]"}}');
  });
});

describe('what a backend does not override', () => {
  const backend = new Plain();

  test.each<[string, () => unknown, string]>([
    [
      'subscribe',
      () => backend.subscribe('a'),
      'The Plain backend cannot subscribe to "a": override subscribe() and unsubscribe() and call this.receive(message).',
    ],
    [
      'unsubscribe',
      () => backend.unsubscribe('a'),
      'The Plain backend cannot unsubscribe from "a": override subscribe() and unsubscribe().',
    ],
    [
      'authorizeChannel',
      () => backend.authorizeChannel('1.1', 'private-a'),
      'The Plain backend cannot authorise "private-a": use a backend with private channels, such as websocket.',
    ],
    [
      'authenticateUser',
      () => backend.authenticateUser('1.1', { id: 'ann' }),
      'The Plain backend cannot sign users in: use a backend with user sign-in, such as websocket.',
    ],
    [
      'channelInfo',
      () => createPushService({ backend: new Plain() }).channel('a').info(),
      'The Plain backend cannot tell about "a": use a backend that counts subscribers, such as websocket.',
    ],
    [
      'channelUsers',
      () => createPushService({ backend: new Plain() }).channel('a').users(),
      'The Plain backend cannot list the users of "a": use a backend with presence channels, such as websocket.',
    ],
  ])('%s says what to do instead', async (_method, call, words) => {
    const error = await failureOf(UnsupportedOperationError, call);
    expect(error).toMatchObject({ message: words, backend: 'Plain', code: 'UNSUPPORTED_OPERATION', retryable: false });
  });

  test('receive is its own method also when it is handed on as a callback', async () => {
    class Loud extends Listening {
      override receive(message: IncomingMessage): void {
        super.receive({ ...message, event: message.event.toUpperCase() });
      }
    }
    const received: unknown[] = [];
    for (const backend of [new Listening(), new Loud()]) {
      await using push = createPushService({ backend });
      push.on('messageReceived', ({ event }) => received.push(event));
      await push.subscribe('orders');
      backend.callback?.({ channel: 'orders', event: 'shipped', data: 1 });
      expect(inspect(backend)).toBe(`{ backend: '${backend.name}' }`);
    }
    expect(received).toEqual(['shipped', 'SHIPPED']);
  });

  test('receive before it is in use, and after, harms nothing', async () => {
    const unused = new Plain();
    unused.receive({ channel: 'a', event: 'e', data: 1 });
    await createPushService({ backend: unused }).close();
    unused.receive({ channel: 'a', event: 'e', data: 1 });
  });
});

describe('an instance that a service uses', () => {
  const words =
    'This instance of the recording backend is in use by another push service: make a second instance, or close the other service first.';

  test('is refused to a second service, and the first goes on as before', async () => {
    const backend = new RecordingBackend();
    const first = createPushService({ backend });
    const own = new RecordingBackend();
    const second = createPushService({ backend: own });
    const heard: string[] = [];
    first.on('messageReceived', () => heard.push('first'));
    second.on('messageReceived', () => heard.push('second'));
    expect((await failureOf(ConfigurationError, () => createPushService({ backend }))).message).toBe(words);
    expect((await failureOf(ConfigurationError, () => second.configure({ backend }))).message).toBe(words);
    expect(second.backend).toBe(own);
    await second.close();
    backend.receive({ channel: 'a', event: 'e', data: 1 });
    expect(heard).toEqual(['first']);
    expect(await first.send({ channels: 'a', data: 1 })).toMatchObject({ status: 'accepted' });
    expect(backend.calls).toEqual(['open']);
  });

  test('is free for another one once that service is closed, and not before', async () => {
    const backend = new RecordingBackend();
    const closing = Promise.withResolvers<void>();
    const { close } = backend;
    backend.close = async () => {
      await closing.promise;
      await close.call(backend);
    };
    const closed = createPushService({ backend }).close();
    await failureOf(ConfigurationError, () => createPushService({ backend }));
    closing.resolve();
    await closed;
    const second = createPushService({ backend });
    const received: unknown[] = [];
    second.on('messageReceived', ({ data }) => received.push(data));
    await second.ready();
    backend.receive({ channel: 'a', event: 'e', data: 1 });
    expect(received).toEqual([1]);
    expect(backend.calls).toEqual(['open', 'close', 'open']);
  });

  test('stays with its service while that is configured with it again, also by way of another one', async () => {
    const backend = new RecordingBackend();
    const push = createPushService({ backend });
    const received: unknown[] = [];
    push.on('messageReceived', ({ data }) => received.push(data));
    push.configure({ backend });
    push.configure({ backend: new RecordingBackend() });
    push.configure({ backend });
    await failureOf(ConfigurationError, () => createPushService({ backend }));
    await push.ready();
    await failureOf(ConfigurationError, () => createPushService({ backend }));
    backend.receive({ channel: 'a', event: 'e', data: 1 });
    expect(received).toEqual([1]);
    expect(backend.calls).toEqual(['open', 'close', 'open', 'close', 'open']);
    await push.close();
    backend.receive({ channel: 'a', event: 'e', data: 2 });
    expect(received).toEqual([1]);
    await createPushService({ backend }).close();
  });
});

describe('capabilities', () => {
  function withCapabilities(capabilities: Partial<BackendCapabilities>): Plain {
    return new (class Odd extends Plain {
      override get capabilities(): BackendCapabilities {
        return { ...super.capabilities, ...capabilities };
      }
    })();
  }

  test.each<[Partial<BackendCapabilities>, string]>([
    [
      { maxChannelsPerRequest: 0 },
      'its capability "maxChannelsPerRequest" must be an integer from 1, or Infinity, not 0.',
    ],
    [
      { maxChannelsPerRequest: Number.NaN },
      'its capability "maxChannelsPerRequest" must be an integer from 1, or Infinity, not NaN.',
    ],
    [
      { maxMessagesPerRequest: 1.5 },
      'its capability "maxMessagesPerRequest" must be an integer from 1, or Infinity, not 1.5.',
    ],
    [{ maxPayloadBytes: -1 }, 'its capability "maxPayloadBytes" must be an integer from 1, or Infinity, not -1.'],
    [{ maxChannelsPerRequest: 100 }, 'its capability "maxChannelsPerRequest" is 100, but it has no sendBatch().'],
    [{ maxMessagesPerRequest: 10 }, 'its capability "maxMessagesPerRequest" is 10, but it has no sendMessages().'],
  ])('%j are refused, for messages would be lost', async (capabilities, words) => {
    const error = await failureOf(ConfigurationError, () =>
      createPushService({ backend: withCapabilities(capabilities) }),
    );
    expect(error.message).toBe(`The Odd backend: ${words}`);
  });
});
