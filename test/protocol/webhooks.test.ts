import { beforeEach, expect } from 'vitest';
import type { WebSocketOptions, WebSocketService } from '../../src/backends/websocket/index.js';
import { failing, WebhookReceiver } from '../server/support/webhook-receiver.js';
import { behaviour, departure, type Source } from './documents.js';
import { app, connect, grant, hmac, join, serverWith, trigger } from './support/server.js';

const format: Source = ['webhooks', 'Webhook format'];
const existence: Source = ['webhooks', 'Channel existence events'];
const delay: Source = ['webhooks', 'Webhook request delay'];

type Event = 'channel_occupied' | 'channel_vacated' | 'member_added' | 'member_removed' | 'client_event' | 'cache_miss';

let receiver: WebhookReceiver;

beforeEach(async () => {
  receiver = await WebhookReceiver.start();
});

/** A server that tells of some events, and waits for as good as nothing. */
function telling(events: Event[], options: WebSocketOptions = {}): Promise<WebSocketService> {
  const webhooks = [{ url: receiver.url, events }];
  return serverWith({ webhooks, webhookBatchMs: 1, webhookLeaveDelayMs: 0, ...options });
}

/** The events that came in, once there are so many. */
async function told(count: number): Promise<WebhookReceiver['events']> {
  await expect.poll(() => receiver.events.length).toBeGreaterThanOrEqual(count);
  return receiver.events;
}

behaviour('a webhook is a POST of JSON with time_ms and events', format, async () => {
  const before = Date.now();
  const client = await connect(await telling(['channel_occupied']));
  await client.subscribe('my-channel');
  await told(1);
  const [first] = receiver.received;
  expect(first).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } });
  const { time_ms: time, events } = JSON.parse(first?.rawBody ?? '') as { time_ms: number; events: unknown };
  expect(events).toEqual([{ name: 'channel_occupied', channel: 'my-channel' }]);
  expect(time).toBeGreaterThanOrEqual(before);
  expect(time).toBeLessThanOrEqual(Date.now() + 1);
});

behaviour('it has the key, and the HMAC SHA256 of its body', ['webhooks', 'Authentication'], async () => {
  const client = await connect(await telling(['client_event']));
  await client.subscribe('private-chat', grant(client, 'private-chat'));
  client.send('client-text', '世界', 'private-chat');
  await told(1);
  const [first] = receiver.received;
  expect(first?.rawBody).toContain('世界');
  expect(first?.headers).toMatchObject({
    'x-pusher-key': app.pubKey,
    'x-pusher-signature': hmac(first?.rawBody ?? ''),
  });
});

behaviour('several events come in one webhook, in their order', format, async () => {
  const client = await connect(await telling(['channel_occupied'], { webhookBatchMs: 50 }));
  for (const channel of ['a', 'b', 'c']) client.send('pusher:subscribe', { channel });
  expect((await told(3)).map(({ channel }) => channel)).toEqual(['a', 'b', 'c']);
  expect(receiver.received).toHaveLength(1);
});

behaviour('an answer that is not 2xx is followed by another attempt', format, async () => {
  receiver.next.push(failing);
  const client = await connect(await telling(['channel_occupied']));
  await client.subscribe('again');
  await expect.poll(() => receiver.received.length, { timeout: 5000 }).toBe(2);
  const [first, second] = receiver.received;
  expect(second?.rawBody).toBe(first?.rawBody);
});

behaviour('channel_occupied and channel_vacated: the first subscriber and the last', existence, async () => {
  const service = await telling(['channel_occupied', 'channel_vacated']);
  const [one, two] = [await connect(service), await connect(service)];
  for (const client of [one, two]) await client.subscribe('my-channel');
  for (const client of [one, two]) {
    client.send('pusher:unsubscribe', { channel: 'my-channel' });
    await client.settled();
  }
  await one.subscribe('my-channel');
  const channel = 'my-channel';
  expect(await told(3)).toEqual([
    { name: 'channel_occupied', channel },
    { name: 'channel_vacated', channel },
    { name: 'channel_occupied', channel },
  ]);
});

behaviour(
  'member_added and member_removed: the first connection of a user, and the last',
  ['webhooks', 'Presence events'],
  async () => {
    const service = await telling(['member_added', 'member_removed']);
    const channel = 'presence-your_channel_name';
    const tabs = [await connect(service), await connect(service)];
    for (const tab of tabs) await join(tab, channel, 'a_user_id');
    for (const tab of tabs) {
      tab.send('pusher:unsubscribe', { channel });
      await tab.settled();
    }
    expect(await told(2)).toEqual([
      { name: 'member_added', channel, user_id: 'a_user_id' },
      { name: 'member_removed', channel, user_id: 'a_user_id' },
    ]);
  },
);

behaviour(
  'client_event: what clients send, with user_id on presence channels alone',
  ['webhooks', 'Client events'],
  async () => {
    const client = await connect(await telling(['client_event']));
    await join(client, 'presence-chat', 'ann');
    await client.subscribe('private-chat', grant(client, 'private-chat'));
    client.send('client-typing', { some: 'data' }, 'presence-chat');
    client.send('client-typing', 'text', 'private-chat');
    const common = { name: 'client_event', event: 'client-typing', socket_id: client.socketId };
    expect(await told(2)).toEqual([
      { ...common, channel: 'presence-chat', data: '{"some":"data"}', user_id: 'ann' },
      { ...common, channel: 'private-chat', data: 'text' },
    ]);
  },
);

behaviour(
  'cache_miss: once for several clients on an empty channel',
  ['cache', 'cache_miss webhook event'],
  async () => {
    const service = await telling(['cache_miss']);
    const clients = [await connect(service), await connect(service)];
    for (const client of clients) await client.subscribe('cache-car');
    await trigger(service, ['cache-full'], 'x', '1');
    for (const client of clients) await client.subscribe('cache-full');
    for (const client of clients) await client.subscribe('cache-last');
    expect((await told(2)).map(({ channel }) => channel)).toEqual(['cache-car', 'cache-last']);
  },
);

behaviour('whoever is back within the delay has not left', delay, async () => {
  const events: Event[] = ['channel_occupied', 'channel_vacated', 'member_added', 'member_removed'];
  const service = await telling(events, { webhookLeaveDelayMs: 60_000 });
  const lost = await connect(service);
  await join(lost, 'presence-room', 'ann');
  lost.socket.terminate();
  await lost.closed;
  await expect.poll(() => service.api.channels()).toEqual([]);
  await join(await connect(service), 'presence-room', 'ann');
  await (await connect(service)).subscribe('last');
  expect((await told(3)).map(({ name, channel }) => [name, channel])).toEqual([
    ['channel_occupied', 'presence-room'],
    ['member_added', 'presence-room'],
    ['channel_occupied', 'last'],
  ]);
});

behaviour('whoever is not back within the delay has left', delay, async () => {
  const service = await telling(['channel_vacated'], { webhookLeaveDelayMs: 20 });
  const lost = await connect(service);
  await lost.subscribe('my-channel');
  lost.socket.terminate();
  expect(await told(1)).toEqual([{ name: 'channel_vacated', channel: 'my-channel' }]);
});

departure(
  'whoever unsubscribes has left at once',
  delay,
  'It speaks of a client that disconnects; an unsubscription is no lost connection.',
  async () => {
    const service = await telling(['channel_vacated'], { webhookLeaveDelayMs: 60_000 });
    const client = await connect(service);
    await client.subscribe('my-channel');
    client.send('pusher:unsubscribe', { channel: 'my-channel' });
    expect(await told(1)).toEqual([{ name: 'channel_vacated', channel: 'my-channel' }]);
  },
);
