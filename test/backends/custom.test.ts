import { describe, expect, test } from 'vitest';
import {
  type BackendSettings,
  createPushService,
  type IncomingMessage,
  type OutgoingMessage,
  PushServiceWrapper,
} from '../../src/index.js';

/** A provider's SDK: what is published to a channel comes back to its subscriber. */
class MyApi {
  readonly published: [channel: string, text: string][] = [];
  readonly #subscribers = new Map<string, (raw: { event: string; data: unknown }) => void>();
  readonly account: string;

  constructor(account: string) {
    this.account = account;
  }

  async publish(channel: string, message: OutgoingMessage): Promise<void> {
    this.published.push([channel, JSON.stringify(message)]);
    this.#subscribers.get(channel)?.({ event: message.event, data: message.data });
  }

  async subscribe(channel: string, onMessage: (raw: { event: string; data: unknown }) => void): Promise<void> {
    this.#subscribers.set(channel, onMessage);
  }
}

/** A backend as it is mostly written: a constructor, sendData and subscribe. */
class MyService extends PushServiceWrapper<MyApi> {
  constructor(settings: BackendSettings) {
    super(settings);
    this.api = new MyApi(`${this.appId}/${this.secretKey}`);
  }

  protected async sendData(channel: string, message: OutgoingMessage): Promise<void> {
    await this.api.publish(channel, message);
  }

  override async subscribe(channel: string): Promise<void> {
    await this.api.subscribe(channel, (raw) => this.receive({ channel, ...raw }));
  }
}

const credentials = { appId: 'app', secretKey: 'open-sesame' };

describe.each([
  ['class', () => createPushService({ backend: MyService, ...credentials })],
  ['instance', () => createPushService({ backend: new MyService(credentials) })],
])("a backend of one's own, as a %s,", (_how, start) => {
  test('sends and receives', async () => {
    const push = start();
    const received: IncomingMessage[] = [];
    push.on('messageReceived', (message) => received.push(message));
    await push.subscribe('orders');
    const report = await push.send({ event: 'shipped', channels: ['orders', 'others'], data: { id: 1 } });
    const api = push.backend.api as MyApi;
    expect(api.account).toBe('app/open-sesame');
    expect(api.published.map(([channel, text]) => [channel, JSON.parse(text)])).toEqual(
      ['orders', 'others'].map((channel) => [channel, { id: report.id, event: 'shipped', data: { id: 1 } }]),
    );
    expect(received).toEqual([{ channel: 'orders', event: 'shipped', data: { id: 1 } }]);
    await push.close();
  });

  test('is named after its class, and tells what it can do by what it overrides', () => {
    const { backend } = start();
    expect(backend.name).toBe('MyService');
    expect(backend.capabilities).toMatchObject({
      maxChannelsPerRequest: 1,
      maxMessagesPerRequest: 1,
      maxPayloadBytes: Number.POSITIVE_INFINITY,
      subscribe: true,
      presence: false,
      authorize: false,
      except: false,
    });
  });
});

test('a backend of another copy of the package is one', async () => {
  const { PushServiceWrapper: Other } = await import('pushrail');
  class Theirs extends Other {
    sent: string[] = [];
    protected async sendData(channel: string): Promise<void> {
      this.sent.push(channel);
    }
  }
  expect(Other).not.toBe(PushServiceWrapper);
  const theirs = new Theirs();
  expect(theirs).not.toBeInstanceOf(PushServiceWrapper);
  await createPushService({ backend: theirs as never }).send({ channels: 'a', data: 1 });
  expect(theirs.sent).toEqual(['a']);
  expect(createPushService({ backend: Theirs as never }).backend).toBeInstanceOf(Theirs);
});

test('JavaScript code may define sendData as a field', async () => {
  class Fields extends (PushServiceWrapper as unknown as new (settings: object) => object) {
    sent: string[] = [];
    sendData = async (channel: string): Promise<void> => void this.sent.push(channel);
  }
  const push = createPushService({ backend: Fields as never });
  await push.send({ channels: 'a', data: 1 });
  expect(push.backend).toMatchObject({ sent: ['a'] });
});
