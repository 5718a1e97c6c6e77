import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import Pusher from 'pusher';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { WebSocketOptions, WebSocketService } from '../../../src/backends/websocket/index.js';
import {
  ConfigurationError,
  createPushService,
  type IncomingMessage,
  type PushService,
  type WebhookEvent,
} from '../../../src/index.js';
import type { WireEvent } from '../../../src/pusher-protocol/webhooks.js';
import { deliver } from '../../support/deliver.js';
import { failureOf } from '../../support/failure-of.js';
import { itOfEachNode } from '../../support/nodes/nodes.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { serve } from '../../support/test-server.js';
import { Client } from '../support/client.js';
import { heard, jsClient } from '../support/js-client.js';
import { RawClient } from '../support/raw-client.js';
import { context, credentials, message, record, startServer } from '../support/server.js';
import { hook } from '../support/source-hook.js';
import { failing, hanging, WebhookReceiver } from '../support/webhook-receiver.js';

let receiver: WebhookReceiver;

beforeEach(async () => {
  receiver = await WebhookReceiver.start();
});

function start(options: WebSocketOptions = {}): Promise<WebSocketService> {
  return startServer({ webhooks: [{ url: receiver.url }], webhookBatchMs: 1, webhookLeaveDelayMs: 0, ...options });
}

/** The events that came in, once there are so many. */
async function told(count: number): Promise<readonly WireEvent[]> {
  await expect.poll(() => receiver.events.length).toBeGreaterThanOrEqual(count);
  return receiver.events;
}

const subscribed = 'pusher:subscription_succeeded';

describe('with pusher-js, a webhook tells', () => {
  it('when a channel is occupied and vacated, and how many are on it', async () => {
    const service = await start();
    const [ann, bob] = [jsClient(service, 'ann'), jsClient(service, 'bob')];
    await heard(ann.subscribe('orders'), subscribed);
    await told(2);
    await heard(bob.subscribe('orders'), subscribed);
    await told(3);
    bob.unsubscribe('orders');
    await told(4);
    ann.disconnect();
    expect(await told(5)).toEqual([
      { name: 'channel_occupied', channel: 'orders' },
      { name: 'subscription_count', channel: 'orders', subscription_count: 1 },
      { name: 'subscription_count', channel: 'orders', subscription_count: 2 },
      { name: 'subscription_count', channel: 'orders', subscription_count: 1 },
      { name: 'channel_vacated', channel: 'orders' },
    ]);
  });

  it('when members come and go, however many connections they have', async () => {
    const service = await start();
    const [ann, again, bob] = ['ann', 'ann', 'bob'].map((user) => jsClient(service, user));
    for (const client of [ann, again, bob]) if (client) await heard(client.subscribe('presence-room'), subscribed);
    ann?.disconnect();
    bob?.disconnect();
    await told(4);
    again?.disconnect();
    const channel = 'presence-room';
    expect(await told(6)).toEqual([
      { name: 'channel_occupied', channel },
      { name: 'member_added', channel, user_id: 'ann' },
      { name: 'member_added', channel, user_id: 'bob' },
      { name: 'member_removed', channel, user_id: 'bob' },
      { name: 'member_removed', channel, user_id: 'ann' },
      { name: 'channel_vacated', channel },
    ]);
  });

  it('what clients send, and who sent it where that is known', async () => {
    const service = await start({ webhooks: [{ url: receiver.url, events: ['client_event'] }] });
    const client = jsClient(service, 'ann');
    const channels = ['presence-room', 'private-room'].map((name) => client.subscribe(name));
    await Promise.all(channels.map((channel) => heard(channel, subscribed)));
    channels[0]?.trigger('client-typing', { text: '世界' });
    channels[1]?.trigger('client-text', 'text' as never);
    const common = { name: 'client_event', socket_id: client.connection.socket_id };
    expect(await told(2)).toEqual([
      { ...common, channel: 'presence-room', event: 'client-typing', data: '{"text":"世界"}', user_id: 'ann' },
      { ...common, channel: 'private-room', event: 'client-text', data: 'text' },
    ]);
  });

  it('when a cache channel has no event for a new subscriber', async () => {
    const service = await start({ webhooks: [{ url: receiver.url, events: ['cache_miss', 'channel_vacated'] }] });
    const client = jsClient(service);
    await heard(client.subscribe('cache-prices'), 'pusher:cache_miss');
    client.unsubscribe('cache-prices');
    await told(2);
    await deliver(service, ['cache-prices'], message('price', 1), context);
    const channel = client.subscribe('cache-prices');
    await heard(channel, 'price');
    client.disconnect();
    expect(await told(3)).toEqual([
      { name: 'cache_miss', channel: 'cache-prices' },
      { name: 'channel_vacated', channel: 'cache-prices' },
      { name: 'channel_vacated', channel: 'cache-prices' },
    ]);
  });
});

it('several subscribers of a cache channel without an event are told of once, and anew when all have gone', async () => {
  const service = await start({ webhooks: [{ url: receiver.url, events: ['cache_miss', 'channel_vacated'] }] });
  const clients = await Promise.all([Client.connect(service), Client.connect(service), Client.connect(service)]);
  for (const client of clients) {
    await client.subscribe('cache-prices');
    await client.next('pusher:cache_miss');
  }
  for (const client of clients) client.send('pusher:unsubscribe', { channel: 'cache-prices' });
  await told(2);
  await clients[0].subscribe('cache-prices');
  expect((await told(3)).map(({ name }) => name)).toEqual(['cache_miss', 'channel_vacated', 'cache_miss']);
});

it('what is published is no matter for webhooks, nor is the channel of a signed-in user', async () => {
  const service = await start();
  const client = jsClient(service, 'ann');
  client.signin();
  await expect.poll(() => service.api.channels()).toEqual(['#server-to-user-ann']);
  await deliver(service, ['orders', '#server-to-user-ann'], message('shipped', 1), context);
  await heard(client.subscribe('orders'), subscribed);
  expect((await told(2)).map(({ name, channel }) => [name, channel])).toEqual([
    ['channel_occupied', 'orders'],
    ['subscription_count', 'orders'],
  ]);
});

it('the package pusher takes each webhook, and the pusher backend reads it', async () => {
  const service = await start();
  const push = createPushService({ backend: 'pusher', ...credentials });
  onTestFinished(() => push.close());
  const received: IncomingMessage[] = [];
  push.on('messageReceived', (incoming) => received.push(incoming));
  const client = jsClient(service, 'ann');
  const channel = client.subscribe('presence-room');
  await heard(channel, subscribed);
  channel.trigger('client-typing', { n: 1 });
  await told(3);
  client.disconnect();
  await told(5);
  const { appId, pubKey: key, secretKey: secret } = credentials;
  const sdk = new Pusher({ appId, key, secret, cluster: 'eu' });
  const events: WebhookEvent[] = [];
  for (const webhook of receiver.received) {
    expect(sdk.webhook(webhook as unknown as Pusher.WebHookRequest).isValid()).toBe(true);
    events.push(...(await push.webhook(webhook)));
  }
  expect(events.map(({ type }) => type)).toEqual([
    'channelOccupied',
    'memberAdded',
    'clientEvent',
    'memberRemoved',
    'channelVacated',
  ]);
  expect(received).toEqual([{ channel: 'presence-room', event: 'client-typing', data: { n: 1 }, userId: 'ann' }]);
});

it('two webhooks with the same events never have the same text, be it the same millisecond', async () => {
  // Not fake timers: expect.poll moves their clock on.
  const now = vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
  onTestFinished(() => now.mockRestore());
  const service = await start({ webhookBatchEvents: 1 });
  const client = await Client.connect(service);
  await client.join(service, 'private-a');
  for (let count = 0; count < 3; count++) client.send('client-x', {}, 'private-a');
  await told(5);
  expect(receiver.received.map(({ time }) => time)).toEqual([0, 1, 2, 3, 4].map((later) => 1_000_000 + later));
  expect(new Set(receiver.received.map(({ rawBody }) => rawBody)).size).toBe(5);
});

describe('a client that is lost', () => {
  const long = { webhookLeaveDelayMs: 60_000 };
  const room = 'presence-room';
  const names = async (count: number) => (await told(count)).map(({ name, user_id: user }) => [name, user ?? '']);

  // What one node tells at once, the others may tell when the time of the lost client is over.
  itOfEachNode(
    'has not left for webhooks when it is back in time; when it unsubscribes, they hear at once',
    async () => {
      const service = await start(long);
      const lost = await Client.connect(service);
      await lost.join(service, room, { id: 'ann' });
      await lost.subscribe('orders');
      lost.socket.terminate();
      await expect.poll(() => service.api.channels()).toEqual([]);
      expect(await service.channelUsers(room)).toEqual([]);
      const back = await Client.connect(service);
      await back.join(service, room, { id: 'ann' });
      back.send('pusher:unsubscribe', { channel: room });
      expect(await names(6)).toEqual([
        ['channel_occupied', ''],
        ['member_added', 'ann'],
        ['channel_occupied', ''],
        ['subscription_count', ''],
        ['member_removed', 'ann'],
        ['channel_vacated', ''],
      ]);
    },
  );

  it('is told of when it does not come back in time; somebody else who comes is another member', async () => {
    const service = await start({ webhookLeaveDelayMs: 300 });
    const lost = await Client.connect(service);
    await lost.join(service, room, { id: 'ann' });
    await told(2);
    const since = performance.now();
    lost.socket.close();
    await expect.poll(() => service.api.channels()).toEqual([]);
    const other = await Client.connect(service);
    await other.join(service, room, { id: 'ben' });
    expect(await names(4)).toEqual([
      ['channel_occupied', ''],
      ['member_added', 'ann'],
      ['member_added', 'ben'],
      ['member_removed', 'ann'],
    ]);
    expect(performance.now() - since).toBeGreaterThanOrEqual(299);
  });

  itOfEachNode('is told of before the channel is vacated, when others leave it for good', async () => {
    const service = await start(long);
    const [lost, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
    await lost.join(service, room, { id: 'ann' });
    await other.join(service, room, { id: 'ben' });
    lost.socket.terminate();
    await other.next('pusher_internal:member_removed');
    other.send('pusher:unsubscribe', { channel: room });
    expect((await names(6)).slice(3)).toEqual([
      ['member_removed', 'ben'],
      ['member_removed', 'ann'],
      ['channel_vacated', ''],
    ]);
  });

  // A node that closes waits for them to come to others.
  itOfEachNode('is told of at once when the application has ended it, or the server closes', async () => {
    const service = await start(long);
    const [ended, lost, staying] = await Promise.all([1, 2, 3].map(() => Client.connect(service)));
    await ended?.join(service, room, { id: 'ann' });
    await service.api.disconnect(ended?.socketId ?? '');
    expect((await names(4)).slice(2)).toEqual([
      ['member_removed', 'ann'],
      ['channel_vacated', ''],
    ]);
    await lost?.join(service, 'private-lost');
    await staying?.join(service, 'private-staying');
    lost?.socket.terminate();
    await expect.poll(() => service.api.channels()).toEqual(['private-staying']);
    await service.close();
    expect(receiver.events.slice(-2)).toEqual([
      { name: 'channel_vacated', channel: 'private-lost' },
      { name: 'channel_vacated', channel: 'private-staying' },
    ]);
  });
});

describe('each application', () => {
  it('has webhooks of its own, signed with its own key', async () => {
    const other = await WebhookReceiver.start();
    const keys = { appId: 'other', pubKey: 'other-key', secretKey: 'other-secret' };
    const service = await start({ apps: [{ ...keys, webhooks: [{ url: other.url }] }] });
    const client = await Client.connect(service, { key: 'other-key' });
    await client.subscribe('orders');
    await expect.poll(() => other.events.length).toBe(2);
    const [webhook] = other.received;
    expect(webhook?.headers['x-pusher-key']).toBe('other-key');
    const sdk = new Pusher({ appId: 'other', key: 'other-key', secret: 'other-secret', cluster: 'eu' });
    expect(sdk.webhook(webhook as unknown as Pusher.WebHookRequest).isValid()).toBe(true);
    expect(receiver.received).toEqual([]);
  });

  it('may have several, each with what it asks for', async () => {
    const [other, plain] = [await WebhookReceiver.start(), await WebhookReceiver.start()];
    const service = await start({
      webhooks: [
        { url: receiver.url, events: ['channel_occupied'] },
        { url: other.url, channelPrefixes: ['presence-'] },
        // As an address needs that PHP's or Go's library reads: they fail at any event of an encrypted channel.
        { url: plain.url, events: ['channel_occupied'], exceptChannelPrefixes: ['private-encrypted-'] },
      ],
    });
    const client = await Client.connect(service);
    await client.subscribe('orders');
    await client.join(service, 'private-encrypted-a');
    await client.join(service, 'presence-room', { id: 'ann' });
    await expect.poll(() => [receiver, other, plain].map(({ events }) => events.length)).toEqual([3, 2, 2]);
    expect(receiver.events.map(({ channel }) => channel)).toEqual(['orders', 'private-encrypted-a', 'presence-room']);
    expect(plain.events.map(({ channel }) => channel)).toEqual(['orders', 'presence-room']);
    expect(other.events.map(({ name }) => name)).toEqual(['channel_occupied', 'member_added']);
  });
});

describe('closing the server', () => {
  it('tells of the channels that its clients leave', async () => {
    const service = await start({ webhookBatchMs: 60_000, closeTimeoutMs: 5_000 });
    const client = await Client.connect(service);
    await client.join(service, 'presence-room', { id: 'ann' });
    await service.close();
    expect(receiver.events.map(({ name }) => name)).toEqual([
      'channel_occupied',
      'member_added',
      'member_removed',
      'channel_vacated',
    ]);
  });

  it('tells of the channels of a client that does not go, too', async () => {
    const service = await start({ closeTimeoutMs: 100 });
    const raw = await RawClient.connect(service);
    raw.writeText(JSON.stringify({ event: 'pusher:subscribe', data: { channel: 'orders' } }));
    await raw.until((seen) => seen.includes('subscription_succeeded'));
    await told(2);
    await service.close();
    expect(receiver.events.map(({ name }) => name)).toEqual([
      'channel_occupied',
      'subscription_count',
      'channel_vacated',
    ]);
  });

  // Where nodes share a log, nothing is lost.
  itOfEachNode.each([
    ['hangs', hanging],
    ['fails', failing],
  ])('does not wait for a receiver that %s for longer than it may, and says what was lost', async (_what, answer) => {
    receiver.answer = answer;
    const service = await start({ closeTimeoutMs: 100 });
    const { logged } = record(service);
    const client = await Client.connect(service);
    await client.subscribe('orders');
    await told(1);
    await service.close();
    expect(logged.filter(({ level }) => level === 'warn').map(({ text: line }) => line)).toEqual([
      'websocket: events of a webhook were dropped',
    ]);
  });

  it('leaves webhooks for when it is opened again', async () => {
    const service = await start();
    await service.close();
    await service.open();
    const client = await Client.connect(service);
    await client.subscribe('orders');
    expect((await told(2)).map(({ name }) => name)).toEqual(['channel_occupied', 'subscription_count']);
  });
});

it('an application that fails to handle some events gets all of them in the end, each once and in order', async () => {
  const push = createPushService({ backend: 'pusher', ...credentials });
  onTestFinished(() => push.close());
  const handled: string[] = [];
  const failures = new Set(['member_added bob', 'channel_vacated']);
  const port = await serve(async (request, response) => {
    try {
      await push.webhook(request, (event) => {
        const { name, user_id: user = '' } = event.raw as { name: string; user_id?: string };
        const key = `${name} ${user}`.trim();
        if (failures.delete(key)) throw new Error('the database is down');
        handled.push(key);
      });
      response.end();
    } catch {
      response.writeHead(500).end();
    }
  });
  const service = await start({ webhooks: [{ url: `http://127.0.0.1:${port}/` }], webhookBatchMs: 20 });
  const [ann, bob] = await Promise.all([Client.connect(service), Client.connect(service)]);
  await ann.join(service, 'presence-room', { id: 'ann' });
  await bob.join(service, 'presence-room', { id: 'bob' });
  await bob.close();
  await ann.close();
  await expect.poll(() => handled.at(-1), { timeout: 10_000 }).toBe('channel_vacated');
  expect([handled, [...failures]]).toEqual([
    [
      'channel_occupied',
      'member_added ann',
      'member_added bob',
      'member_removed bob',
      'member_removed ann',
      'channel_vacated',
    ],
    [],
  ]);
});

it('an application that its own server tells hears of the channels that its clients leave when it closes', async () => {
  const logger = new RecordingLogger();
  const types: string[] = [];
  const port = await serve(async (request, response) => {
    const answer = (status: number) => () => void response.writeHead(status).end();
    await push.webhook(request, ({ type }) => types.push(type)).then(answer(204), answer(500));
  });
  const webhooks = [{ url: `http://127.0.0.1:${port}/` }];
  const options = { port: 0, host: '127.0.0.1', webhooks, webhookBatchMs: 60_000 };
  const push = createPushService({ backend: 'websocket', ...credentials, options, logger });
  await push.ready();
  const client = await Client.connect(push.backend);
  await client.subscribe('orders');
  await push.close();
  expect([types, logger.entries]).toEqual([['channelOccupied', 'subscriptionCount', 'channelVacated'], []]);
  const late = push.webhook({ headers: {}, rawBody: '' });
  expect((await failureOf(ConfigurationError, late)).message).toContain('The push service is closed');
});

it('an application that its own server tells hears the rest of it when it is configured anew', async () => {
  const logger = new RecordingLogger();
  const channels: unknown[] = [];
  const port = await serve(async (request, response) => {
    const answer = (status: number) => () => void response.writeHead(status).end();
    const handle = (event: WebhookEvent): unknown => 'channel' in event && channels.push(event.channel);
    await push.webhook(request, handle).then(answer(204), answer(500));
  });
  const webhooks = [{ url: `http://127.0.0.1:${port}/`, events: ['channel_vacated'] as const }];
  const options = { port: 0, host: '127.0.0.1', webhooks, webhookBatchEvents: 1, closeTimeoutMs: 2_000 };
  const settings = { backend: 'websocket', ...credentials, options, logger } as const;
  const push: PushService<WebSocketService> = createPushService(settings);
  onTestFinished(() => push.close());
  await push.ready();
  const client = await Client.connect(push.backend);
  for (const channel of ['a', 'b', 'c']) await client.subscribe(channel);
  push.configure(settings);
  await push.ready();
  expect([channels, logger.entries]).toEqual([['a', 'b', 'c'], []]);
});

it('a process whose server was closed ends, also when a webhook is not taken', async () => {
  receiver.answer = failing;
  const program = `
    import { WebSocket } from 'ws';
    const { WebSocketService } = await import(process.argv[1]);
    const webhooks = [{ url: process.argv[2] }];
    const options = { port: 0, host: '127.0.0.1', webhookBatchMs: 1, closeTimeoutMs: 50, webhooks };
    const service = new WebSocketService({ appId: 'a', pubKey: 'k', secretKey: 's', options });
    await service.open();
    const client = new WebSocket('ws://127.0.0.1:' + service.address.port + '/app/k?protocol=7');
    await new Promise((resolve) => client.once('message', resolve));
    client.send('{"event":"pusher:subscribe","data":{"channel":"orders"}}');
    await new Promise((resolve) => client.once('message', resolve));
    await service.close();
    console.log('closed');`;
  const source = new URL('../../../src/backends/websocket/index.ts', import.meta.url).href;
  const args = ['--input-type=module', '--import', hook(), '-e', program, source, receiver.url];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect([printed.trim(), code]).toEqual(['closed', 0]);
});
