import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocketOptions, WebSocketService } from '../../src/backends/websocket/index.js';
import { deliver } from '../support/deliver.js';
import { itOfEachNode, nodeCount, settled } from '../support/nodes/nodes.js';
import { Client, type Message } from './support/client.js';
import { heard, jsClient } from './support/js-client.js';
import { context, message, startServer } from './support/server.js';
import { WebhookReceiver } from './support/webhook-receiver.js';

const room = 'presence-room';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Members, of whom each node has so many that they do not hear of everybody at once. */
const CROWD = 21 * nodeCount;

async function crowd(service: WebSocketService): Promise<[Client, ...Client[]]> {
  const clients = await Promise.all(Array.from({ length: CROWD }, () => Client.connect(service)));
  for (const [index, client] of clients.entries())
    await client.subscribe(room, grantOf(service, client, `member-${index}`));
  vi.advanceTimersByTime(1000);
  for (const client of clients) await client.settled();
  return clients as [Client, ...Client[]];
}

const grantOf = (service: WebSocketService, client: Client, id: string): object =>
  service.authorizeChannel(client.socketId, room, { id });

async function joined(service: WebSocketService, id: string): Promise<Client> {
  const client = await Client.connect(service);
  await client.subscribe(room, grantOf(service, client, id));
  return client;
}

/** A server with a crowd, which has just been told of one more, so that it hears of the next later. */
async function busy(options: WebSocketOptions = {}): Promise<{ service: WebSocketService; watcher: Client }> {
  const service = await startServer(options);
  const [watcher] = await crowd(service);
  await joined(service, 'first');
  expect(await told(watcher)).toEqual(['+first']);
  return { service, watcher };
}

function shown({ event, data }: Pick<Message, 'event' | 'data'>): string {
  const sign = { 'pusher_internal:member_added': '+', 'pusher_internal:member_removed': '-' }[event];
  return sign === undefined ? event : sign + String((JSON.parse(String(data)) as { user_id: string }).user_id);
}

/** What a client has heard since, as in `+ben`. */
async function told(client: Client): Promise<string[]> {
  return (await client.settled()).map(shown);
}

describe('members of a presence channel are told who has come', () => {
  it('at once, where the channel has been quiet', async () => {
    const service = await startServer();
    const [watcher] = await crowd(service);
    await joined(service, 'ann');
    expect(await told(watcher)).toEqual(['+ann']);
    vi.advanceTimersByTime(51);
    await joined(service, 'ben');
    expect(await told(watcher)).toEqual(['+ben']);
  });

  it('at once, where there are few', async () => {
    const service = await startServer();
    const watcher = await joined(service, 'watcher');
    for (const id of ['ann', 'ben', 'carl']) {
      await joined(service, id);
      expect(await told(watcher)).toEqual([`+${id}`]);
    }
  });

  itOfEachNode('50 ms after they were told of somebody before, in order', async () => {
    const { service, watcher } = await busy();
    for (const id of ['ann', 'ben', 'carl']) await joined(service, id);
    vi.advanceTimersByTime(49);
    expect(await told(watcher)).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await told(watcher)).toEqual(['+ann', '+ben', '+carl']);
    await joined(service, 'dora');
    expect(await told(watcher)).toEqual([]);
    vi.advanceTimersByTime(50);
    expect(await told(watcher)).toEqual(['+dora']);
  });

  it('before an event to the channel', async () => {
    const { service, watcher } = await busy();
    await joined(service, 'ann');
    await deliver(service, [room], message('x', 1), context);
    expect(await told(watcher)).toEqual(['+ann', 'x']);
    vi.advanceTimersByTime(1000);
    expect(await told(watcher)).toEqual([]);
  });

  it("before a client's event, which may be from the one who has come", async () => {
    const { service, watcher } = await busy();
    const ann = await joined(service, 'ann');
    ann.send('client-x', {}, room);
    expect(await told(ann)).toEqual([]);
    expect(await told(watcher)).toEqual(['+ann', 'client-x']);
  });

  it('unless their list had them: who comes hears of those alone who come later', async () => {
    const { service, watcher } = await busy();
    const ann = await joined(service, 'ann');
    const ben = await joined(service, 'ben');
    const carl = await joined(service, 'carl');
    vi.advanceTimersByTime(50);
    expect(await told(watcher)).toEqual(['+ann', '+ben', '+carl']);
    expect(await told(ann)).toEqual(['+ben', '+carl']);
    expect(await told(ben)).toEqual(['+carl']);
    expect(await told(carl)).toEqual([]);
  });

  it('together with who has gone meanwhile, in order', async () => {
    const { service, watcher } = await busy();
    const ann = await joined(service, 'ann');
    ann.send('pusher:unsubscribe', { channel: room });
    await ann.settled();
    await ann.subscribe(room, grantOf(service, ann, 'ann'));
    const ben = await joined(service, 'ben');
    ben.socket.terminate();
    await until(() => service.api.localConnections === CROWD + 2);
    await settled(service);
    vi.advanceTimersByTime(50);
    expect(await told(watcher)).toEqual(['+ann', '-ann', '+ann', '+ben', '-ben']);
    expect(await told(ann)).toEqual(['+ben', '-ben']);
  });

  itOfEachNode('but not one who has gone meanwhile', async () => {
    const { service, watcher } = await busy();
    await joined(service, 'ann');
    watcher.send('pusher:unsubscribe', { channel: room });
    expect(await told(watcher)).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(await told(watcher)).toEqual([]);
  });

  itOfEachNode('and of a second connection of a member they hear nothing', async () => {
    const { service, watcher } = await busy();
    const one = await joined(service, 'ann');
    const two = await joined(service, 'ann');
    vi.advanceTimersByTime(50);
    expect([await told(watcher), await told(one), await told(two)]).toEqual([['+ann'], [], []]);
  });
});

itOfEachNode('members who leave at once after each other are told of together', async () => {
  const service = await startServer();
  const [watcher, first, ...others] = await crowd(service);
  for (const id of ['ann', 'ben', 'carl', 'dora']) await joined(service, id);
  vi.advanceTimersByTime(1000);
  await watcher.settled();
  for (const client of [first, others[0], others[1]]) {
    client?.send('pusher:unsubscribe', { channel: room });
    await client?.settled();
  }
  expect(await told(watcher)).toEqual(['-member-1']);
  vi.advanceTimersByTime(50);
  expect(await told(watcher)).toEqual(['-member-2', '-member-3']);
});

it('members whose places are given up leave one after the other, and come back as others', async () => {
  const { service, watcher } = await busy({ presenceLeaveDelayMs: 3000 });
  for (const id of ['ann', 'ben']) {
    const client = await joined(service, id);
    const { localConnections } = service.api;
    client.socket.terminate();
    await until(() => service.api.localConnections === localConnections - 1);
  }
  vi.advanceTimersByTime(2999);
  expect(await told(watcher)).toEqual(['+ann', '+ben']);
  vi.advanceTimersByTime(1);
  await joined(service, 'ann');
  vi.advanceTimersByTime(50);
  expect(await told(watcher)).toEqual(['-ann', '-ben', '+ann']);
});

it('webhooks, counts and the list of users know who has come before the members do', async () => {
  const receiver = await WebhookReceiver.start();
  const { service, watcher } = await busy({
    webhooks: [{ url: receiver.url, events: ['member_added'] }],
    webhookBatchMs: 1,
  });
  await joined(service, 'ann');
  expect(await service.channelUsers(room)).toContain('ann');
  expect(await service.channelInfo(room)).toMatchObject({ subscriptionCount: CROWD + 2, userCount: CROWD + 2 });
  vi.advanceTimersByTime(1);
  await until(() => receiver.events.some(({ user_id: user }) => user === 'ann'));
  expect(await told(watcher)).toEqual([]);
});

it('who comes to a cache channel gets its last event after the list, and no member of the list', async () => {
  const service = await startServer();
  const name = 'presence-cache-room';
  const join = (client: Client, id: string): Promise<unknown> =>
    client.subscribe(name, service.authorizeChannel(client.socketId, name, { id }));
  const clients = await Promise.all(Array.from({ length: 25 }, () => Client.connect(service)));
  await deliver(service, [name], message('x', 1), context);
  for (const [index, client] of clients.entries()) await join(client, `${index}`);
  expect((await told(clients[24] as Client))[0]).toBe('x');
  vi.advanceTimersByTime(50);
  expect((await told(clients[23] as Client)).slice(1)).toEqual(['+24']);
});

itOfEachNode('each of them counts as a message that was sent', async () => {
  const { service, watcher } = await busy();
  const before = sent(service);
  const clients = [await joined(service, 'ann'), await joined(service, 'ben')];
  vi.advanceTimersByTime(50);
  await told(watcher);
  for (const client of clients) await client.settled();
  // Two greetings, two lists, three pongs; two members to the 22 who were there, and one to the first of the two.
  expect(sent(service) - before).toBe(7 + 2 * 22 + 1);
});

function sent(service: WebSocketService): number {
  return Number(/^pushrail_sent_messages_total (\d+)$/m.exec(service.api.metrics())?.[1]);
}

itOfEachNode('a server that closes tells nobody, and leaves no timer', async () => {
  const { service, watcher } = await busy();
  await joined(service, 'ann');
  expect(vi.getTimerCount()).toBeGreaterThan(0);
  await Promise.all([service.close(), watcher.closed]);
  expect(vi.getTimerCount()).toBe(0);
  expect(watcher.received.map(shown)).toEqual(['pusher:error']);
});

it('pages with pusher-js that all come at once know each other, each of them once', async () => {
  vi.useRealTimers();
  const service = await startServer();
  const pages = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const channel = jsClient(service, `user-${index}`).subscribe(room);
      const added: string[] = [];
      channel.bind('pusher:member_added', ({ id }: { id: string }) => added.push(id));
      const { members } = await heard<{ members: object }>(channel, 'pusher:subscription_succeeded');
      return { channel, added, listed: Object.keys(members).length };
    }),
  );
  const countOf = ({ channel }: { channel: object }): number =>
    (channel as unknown as { members: { count: number } }).members.count;
  await expect.poll(() => pages.map(countOf)).toEqual(pages.map(() => 60));
  // `listed` counts what had been added when the test came to it, too.
  for (const { added, listed } of pages) {
    expect(new Set(added).size).toBe(added.length);
    expect(added.length + listed).toBeGreaterThanOrEqual(60);
  }
});

/** Resolves when something has come true. `expect.poll` would move the clock. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}
