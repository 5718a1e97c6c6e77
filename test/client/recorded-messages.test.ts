import { describe, expect, it, onTestFinished } from 'vitest';
import { type PushClient as Client, PushClient, type PushClientOptions } from '../../src/client/index.js';
import { createPushService, type PushService } from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import type { IncomingMessage } from '../../src/wire/message.js';
import { deliver } from '../support/deliver.js';
import { recordedMessage } from '../support/recorded-message.js';
import { Pusher, useEmbeddedServer } from './embedded-server.js';

const running = useEmbeddedServer();
const context = { signal: new AbortController().signal };
const ID = '11111111-2222-4333-8444-555555555555';

/** A client on real `pusher-js`, subscribed to channels, and what it has heard of the application. */
async function listening(
  channels: readonly string[],
  options: PushClientOptions = {},
  service: PushService = running(),
): Promise<{ client: Client; heard: IncomingMessage[] }> {
  await service.ready();
  const customHandler = async (
    { socketId, channelName }: { socketId: string; channelName: string },
    callback: (error: null, answer: object) => void,
  ): Promise<void> => {
    const member = channelName.startsWith('presence-') ? { id: socketId } : undefined;
    callback(null, await service.channel(channelName).authorize(socketId, member));
  };
  const config = { ...(await service.clientConfig()), channels: [...channels], host: '127.0.0.1' };
  const client = new PushClient(config, { Pusher, pusher: { channelAuthorization: { customHandler } }, ...options });
  onTestFinished(() => client.disconnect());
  const heard: IncomingMessage[] = [];
  client.bindAll((_data, message) => heard.push(message));
  // The server closes before the client does.
  client.onError(() => {});
  const subscribed = new Set<string>();
  client.onSubscribed(({ channel }) => subscribed.add(channel));
  client.connect();
  await expect.poll(() => subscribed.size).toBe(channels.length);
  return { client, heard };
}

async function publish(channels: string | readonly string[], data: number, id = ID): Promise<void> {
  await deliver(running().backend, [channels].flat(), recordedMessage('paid', data, id), context);
}

describe('a recorded message', () => {
  it.each(['orders', 'private-orders', 'presence-orders', 'cache-orders'])(
    'that is sent twice on %s is heard once, with its id',
    async (channel) => {
      const { heard } = await listening([channel]);
      for (const _ of [1, 2]) await publish(channel, 1);
      await running().send({ event: 'last', channels: channel, data: 2 });
      await expect.poll(() => heard.at(-1)?.event).toBe('last');
      expect(heard).toEqual([
        { channel, event: 'paid', data: 1, id: ID },
        { channel, event: 'last', data: 2 },
      ]);
    },
  );

  it('is heard on each of its channels', async () => {
    const { heard } = await listening(['a', 'b']);
    for (const _ of [1, 2]) await publish(['a', 'b'], 1);
    await running().send({ event: 'last', channels: 'b', data: 2 });
    await expect.poll(() => heard.at(-1)?.event).toBe('last');
    expect(heard.map(({ channel, event }) => `${channel} ${event}`)).toEqual(['a paid', 'b paid', 'b last']);
  });

  it('that comes again after a reconnection is not heard again', async () => {
    const { client, heard } = await listening(['orders']);
    await publish('orders', 1);
    await expect.poll(() => heard.length).toBe(1);
    client.disconnect();
    const again = new Promise<void>((resolve) => void client.onSubscribed(() => resolve()));
    client.connect();
    await again;
    await publish('orders', 1);
    await publish('orders', 2, 'another-id');
    await expect.poll(() => heard.map(({ data }) => data)).toEqual([1, 2]);
  });

  it('is the last event of its cache channel for whoever comes again', async () => {
    const { client, heard } = await listening(['cache-orders']);
    await publish('cache-orders', 1);
    await expect.poll(() => heard.length).toBe(1);
    client.unsubscribe('cache-orders');
    client.subscribe('cache-orders');
    await expect.poll(() => heard.map(({ data }) => data)).toEqual([1, 1]);
  });

  it('is told from others whose data looks like the end of its frame', async () => {
    const { heard } = await listening(['orders']);
    const data = { text: ',"id":"1"}', id: 'same' };
    for (const _ of [1, 2]) await running().send({ event: 'paid', channels: 'orders', data });
    await expect.poll(() => heard).toEqual(Array(2).fill({ channel: 'orders', event: 'paid', data }));
  });
});

it('what a service with a message store sends has the id of its record in the page', async () => {
  const options = { port: 0, host: '127.0.0.1' };
  const keys = { appId: 'app', pubKey: 'key', secretKey: 'secret' };
  const service = createPushService({ backend: 'websocket', ...keys, options, messages: memoryMessages() });
  onTestFinished(() => service.close());
  const { heard } = await listening(['orders'], {}, service);
  const { id } = await service.send({ event: 'paid', channels: 'orders', data: 1 });
  await expect.poll(() => heard).toEqual([{ channel: 'orders', event: 'paid', data: 1, id }]);
});

it('equal messages that are not recorded, and client events, are all heard', async () => {
  const [one, other] = [await listening(['private-chat']), await listening(['private-chat'])];
  await publish('private-chat', 1);
  for (const _ of [1, 2]) {
    await running().send({ event: 'same', channels: 'private-chat', data: 1 });
    one.client.channel('private-chat').trigger('client-typing', { isTyping: true });
  }
  await expect
    .poll(() => other.heard.map(({ event }) => event).sort())
    .toEqual(['client-typing', 'client-typing', 'paid', 'same', 'same']);
  expect(one.heard.map(({ event }) => event)).toEqual(['paid', 'same', 'same']);
});

it('pusher-js alone hears a recorded message as any other, as often as it comes', async () => {
  const service = running();
  await service.ready();
  const { key, port } = await service.clientConfig();
  const ports = { wsHost: '127.0.0.1', wsPort: Number(port), forceTLS: false };
  const pusher = new Pusher(String(key), { cluster: '', enabledTransports: ['ws'], ...ports });
  onTestFinished(() => pusher.disconnect());
  const heard: unknown[] = [];
  const channel = pusher.subscribe('orders');
  channel.bind('paid', (data: unknown) => heard.push(data));
  await new Promise((resolve) => channel.bind('pusher:subscription_succeeded', resolve));
  for (const _ of [1, 2]) await publish('orders', 1);
  await expect.poll(() => heard).toEqual([1, 1]);
});
