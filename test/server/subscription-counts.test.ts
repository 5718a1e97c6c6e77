import { afterEach, expect, it, vi } from 'vitest';
import type { WebSocketService } from '../../src/backends/websocket/index.js';
import { itOfEachNode } from '../support/nodes/nodes.js';
import { Client } from './support/client.js';
import { heard, jsClient } from './support/js-client.js';
import { RawClient } from './support/raw-client.js';
import { startServer } from './support/server.js';

afterEach(() => {
  vi.useRealTimers();
});

const counting = { subscriptionCounting: true };

/** What a client hears up to now of how many subscribers a channel has. */
async function countsOf(client: Client): Promise<unknown[]> {
  const messages = (await client.settled()).filter(({ event }) => event === 'pusher_internal:subscription_count');
  return messages.map((message) => client.dataOf(message)['subscription_count']);
}

/** So many clients on a channel, each of which has heard what was to be heard of the others. */
async function crowd(service: WebSocketService, size: number, channel: string): Promise<readonly Client[]> {
  const clients: Client[] = [];
  for (let number = 0; number < size; number++) {
    const client = await Client.connect(service);
    await client.subscribe(channel);
    clients.push(client);
  }
  for (const client of clients) await client.settled();
  return clients;
}

it('pusher-js hears how many subscribers there are, when it comes and when others come and go', async () => {
  const service = await startServer(counting);
  const page = jsClient(service).subscribe('orders');
  const told: number[] = [];
  page.bind('pusher:subscription_count', ({ subscription_count: count }: { subscription_count: number }) =>
    told.push(count),
  );
  await heard(page, 'pusher:subscription_count');
  const other = jsClient(service);
  await heard(other.subscribe('orders'), 'pusher:subscription_count');
  await expect.poll(() => told).toEqual([1, 2]);
  expect(page.subscriptionCount).toBe(2);
  other.unsubscribe('orders');
  await expect.poll(() => told).toEqual([1, 2, 1]);
  const third = jsClient(service);
  await heard(third.subscribe('orders'), 'pusher:subscription_count');
  third.disconnect();
  await expect.poll(() => told).toEqual([1, 2, 1, 2, 1]);
});

it('the frame is that of Pusher, and follows the confirmation', async () => {
  const service = await startServer(counting);
  const client = await Client.connect(service);
  client.send('pusher:subscribe', { channel: 'cache-orders' });
  expect(await client.settled()).toEqual([
    { event: 'pusher_internal:subscription_succeeded', channel: 'cache-orders', data: '{}' },
    { event: 'pusher_internal:subscription_count', channel: 'cache-orders', data: '{"subscription_count":1}' },
    { event: 'pusher:cache_miss', channel: 'cache-orders' },
  ]);
});

it.each(['orders', 'private-orders', 'private-encrypted-orders', 'cache-orders', 'private-cache-orders'])(
  'they are counted on %s',
  async (channel) => {
    const service = await startServer(counting);
    const client = await Client.connect(service);
    const isPublic = !channel.startsWith('private-');
    await (isPublic ? client.subscribe(channel) : client.join(service, channel));
    expect(await countsOf(client)).toEqual([1]);
  },
);

it('nobody is told without the option, on presence channels, and on the channel of a user', async () => {
  const silent = await startServer();
  const client = await Client.connect(silent);
  await client.subscribe('orders');
  expect(await countsOf(client)).toEqual([]);

  const service = await startServer(counting);
  const member = await Client.connect(service);
  await member.join(service, 'presence-room', { id: 'ann' });
  member.send('pusher:signin', service.authenticateUser(member.socketId, { id: 'ann' }));
  await member.next('pusher:signin_success');
  await member.subscribe('#server-to-user-ann');
  expect(await countsOf(member)).toEqual([]);
});

it('an application may have the option, and another not', async () => {
  const service = await startServer({ apps: [{ appId: 'b', pubKey: 'b', secretKey: 's', ...counting }] });
  const [own, other] = [await Client.connect(service), await Client.connect(service, { key: 'b' })];
  await Promise.all([own.subscribe('orders'), other.subscribe('orders')]);
  expect([await countsOf(own), await countsOf(other)]).toEqual([[], [1]]);
});

it('a client whose socket is cut, or that is sent away, counts no more', async () => {
  const service = await startServer(counting);
  const client = await Client.connect(service);
  await client.subscribe('orders');
  const raw = await RawClient.connect(service);
  raw.writeText(JSON.stringify({ event: 'pusher:subscribe', data: { channel: 'orders' } }));
  await raw.until((text) => text.includes('subscription_count'));
  const other = await Client.connect(service);
  await other.subscribe('orders');
  expect(await countsOf(client)).toEqual([1, 2, 3]);
  raw.destroy();
  await client.next('pusher_internal:subscription_count');
  await service.api.disconnect(other.socketId);
  expect(await countsOf(client)).toEqual([1]);
});

it('a channel of more than 100 hears of all changes every five seconds, and only who is new at once', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const service = await startServer(counting);
  const [first] = (await crowd(service, 100, 'orders')) as [Client];
  const more: Client[] = [];
  for (let number = 101; number <= 105; number++) {
    const client = await Client.connect(service);
    await client.subscribe('orders');
    expect(await countsOf(client)).toEqual([number]);
    more.push(client);
  }
  more[0]?.send('pusher:unsubscribe', { channel: 'orders' });
  await more[0]?.settled();
  vi.advanceTimersByTime(4999);
  expect(await countsOf(first)).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(await countsOf(first)).toEqual([104]);
  expect(await countsOf(more[4] as Client)).toEqual([104]);
  vi.advanceTimersByTime(60_000);
  expect(await countsOf(first)).toEqual([]);
});

it('a large channel whose number is the same again hears nothing, unless somebody knows another', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const service = await startServer(counting);
  const [first, second] = (await crowd(service, 101, 'orders')) as [Client, Client];
  const leave = async (client: Client): Promise<void> => {
    client.send('pusher:unsubscribe', { channel: 'orders' });
    await client.settled();
  };
  const add = async (): Promise<Client> => {
    const client = await Client.connect(service);
    await client.subscribe('orders');
    return client;
  };
  await add();
  vi.advanceTimersByTime(5000);
  expect(await countsOf(first)).toEqual([102]);
  // One goes and one comes, who hears 102: all know the same.
  await leave(second);
  const third = await add();
  vi.advanceTimersByTime(5000);
  expect([await countsOf(first), await countsOf(third)]).toEqual([[], [102]]);
  // One comes, who hears 103, and one goes.
  const fourth = await add();
  await leave(third);
  vi.advanceTimersByTime(5000);
  // Those of another node have known 102 all the time.
  expect([new Set([102, ...(await countsOf(first))]), await countsOf(fourth)]).toEqual([new Set([102]), [103, 102]]);
});

itOfEachNode('a channel that shrinks to 100 hears of each change again, and no timer is left', async () => {
  const service = await startServer(counting);
  const clients = await crowd(service, 102, 'orders');
  const [first, ...others] = clients as [Client, ...Client[]];
  for (const client of others) {
    client.send('pusher:unsubscribe', { channel: 'orders' });
    await client.settled();
  }
  const expected = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(await countsOf(first)).toEqual(expected);
});

itOfEachNode('n who come at once to a large channel are sent a number each and not n to each', async () => {
  const service = await startServer(counting);
  const clients = await crowd(service, 200, 'orders');
  for (const client of clients.slice(100)) expect(await countsOf(client)).toEqual([]);
  const last = await Client.connect(service);
  await last.subscribe('orders');
  expect(await countsOf(last)).toEqual([201]);
});

it('a server that closes tells no numbers', async () => {
  const service = await startServer(counting);
  const clients = await crowd(service, 3, 'orders');
  await service.close();
  for (const { closed, received } of clients) {
    expect(await closed).toMatchObject({ code: 4200 });
    expect(received.map(({ event }) => event)).toEqual(['pusher:error']);
  }
});
