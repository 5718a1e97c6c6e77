import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocketOptions, WebSocketService } from '../../src/backends/websocket/index.js';
import { LocalChannel } from '../../src/server/local-channel.js';
import type { HeldPlace } from '../../src/server/presence.js';
import { PresenceLeaves } from '../../src/server/presence-leaves.js';
import { itOfEachNode, settled } from '../support/nodes/nodes.js';
import { Client, type Message } from './support/client.js';
import { heard, jsClient } from './support/js-client.js';
import { startServer } from './support/server.js';
import { WebhookReceiver } from './support/webhook-receiver.js';

const room = 'presence-room';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const start = (options: WebSocketOptions = {}): Promise<WebSocketService> =>
  startServer({ presenceLeaveDelayMs: 3000, ...options });

async function joined(service: WebSocketService, id: string, info?: object): Promise<Client> {
  const client = await Client.connect(service);
  await client.subscribe(room, service.authorizeChannel(client.socketId, room, { id, info }));
  return client;
}

/** Loses a client, and resolves when the server knows. */
async function lose(service: WebSocketService, client: Client): Promise<void> {
  const { localConnections } = service.api;
  client.socket.terminate();
  await until(() => service.api.localConnections === localConnections - 1);
  await settled(service);
}

/** Resolves when something has come true. `expect.poll` would move the clock. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

/** The members of whom a client has heard since, as in `+ben`. */
async function changes(client: Client): Promise<string[]> {
  return (await client.settled()).map(shown).filter((text) => text !== '');
}

function shown({ event, data }: Message): string {
  const sign = { 'pusher_internal:member_added': '+', 'pusher_internal:member_removed': '-' }[event];
  return sign === undefined ? '' : sign + String((JSON.parse(String(data)) as { user_id: string }).user_id);
}

it('with pusher-js, a member who is back in time never left, and who unsubscribes leaves at once', async () => {
  vi.useRealTimers();
  const service = await startServer({ presenceLeaveDelayMs: 60_000 });
  const told: string[] = [];
  const watching = jsClient(service, 'ann').subscribe(room);
  watching.bind('pusher:member_added', ({ id }: { id: string }) => told.push(`+${id}`));
  watching.bind('pusher:member_removed', ({ id }: { id: string }) => told.push(`-${id}`));
  await heard(watching, 'pusher:subscription_succeeded');
  const before = jsClient(service, 'ben');
  await heard(before.subscribe(room), 'pusher:subscription_succeeded');
  before.disconnect();
  await expect.poll(() => service.api.localConnections).toBe(1);
  expect(await service.channelUsers(room)).toEqual(['ann', 'ben']);
  const after = jsClient(service, 'ben');
  const members = await heard<{ count: number }>(after.subscribe(room), 'pusher:subscription_succeeded');
  expect(members.count).toBe(2);
  expect(told).toEqual(['+ben']);
  after.unsubscribe(room);
  await expect.poll(() => told).toEqual(['+ben', '-ben']);
});

it('a member who is not back in time leaves then; until then users() and the counts have the member', async () => {
  const service = await start({ maxPresenceMembers: 2 });
  const watcher = await joined(service, 'ann');
  const lost = await joined(service, 'ben');
  await watcher.settled();
  await lose(service, lost);
  vi.advanceTimersByTime(2999);
  expect(await changes(watcher)).toEqual([]);
  expect(await service.channelUsers(room)).toEqual(['ann', 'ben']);
  expect(await service.channelInfo(room)).toEqual({ occupied: true, subscriptionCount: 1, userCount: 2 });
  const third = await Client.connect(service);
  third.send('pusher:subscribe', { channel: room, ...service.authorizeChannel(third.socketId, room, { id: 'carl' }) });
  expect((await third.next('pusher:subscription_error')).data).toMatchObject({ type: 'LimitReached', status: 403 });
  vi.advanceTimersByTime(1);
  expect(await changes(watcher)).toEqual(['-ben']);
  expect(await service.channelInfo(room)).toEqual({ occupied: true, subscriptionCount: 1, userCount: 1 });
  expect(await third.join(service, room, { id: 'carl' })).toMatchObject({ presence: { ids: ['ann', 'carl'] } });
  vi.advanceTimersByTime(60_000);
  expect(await changes(watcher)).toEqual(['+carl']);
});

it('who comes back takes up their own place on a full channel', async () => {
  const service = await start({ maxPresenceMembers: 1 });
  await lose(service, await joined(service, 'ann'));
  const back = await joined(service, 'ann');
  vi.advanceTimersByTime(60_000);
  expect(await back.settled()).toEqual([]);
  expect(await service.channelUsers(room)).toEqual(['ann']);
});

it('a channel whose last member was lost is occupied until the member has left, and is then forgotten', async () => {
  const service = await start();
  await lose(service, await joined(service, 'ann'));
  expect(await service.channelInfo(room)).toEqual({ occupied: true, subscriptionCount: 0, userCount: 1 });
  expect(await (await Client.connect(service)).join(service, room, { id: 'ben' })).toMatchObject({
    presence: { ids: ['ann', 'ben'] },
  });
  vi.advanceTimersByTime(3000);
  await settled(service);
  expect(await service.channelUsers(room)).toEqual(['ben']);
  expect(await service.api.disconnectUser('nobody')).toBe(0);
});

it('an empty channel is forgotten with its last place', async () => {
  const service = await start();
  const timers = vi.getTimerCount();
  await lose(service, await joined(service, 'ann'));
  expect(await service.api.channels()).toEqual([room]);
  vi.advanceTimersByTime(3000);
  await settled(service);
  expect([await service.api.channels(), vi.getTimerCount() - timers]).toEqual([[], 0]);
});

describe('a user with two connections', () => {
  it('stays while one of them is there', async () => {
    const service = await start();
    const watcher = await joined(service, 'ann');
    const [one, two] = [await joined(service, 'ben'), await joined(service, 'ben')];
    await watcher.settled();
    await lose(service, one);
    vi.advanceTimersByTime(60_000);
    expect(await changes(watcher)).toEqual([]);
    two.send('pusher:unsubscribe', { channel: room });
    await two.settled();
    expect(await changes(watcher)).toEqual(['-ben']);
  });

  it('is waited for when the last one unsubscribes while another may return', async () => {
    const service = await start();
    const watcher = await joined(service, 'ann');
    const [one, two] = [await joined(service, 'ben'), await joined(service, 'ben')];
    await watcher.settled();
    await lose(service, one);
    vi.advanceTimersByTime(1000);
    two.send('pusher:unsubscribe', { channel: room });
    await two.settled();
    vi.advanceTimersByTime(1999);
    expect(await changes(watcher)).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await changes(watcher)).toEqual(['-ben']);
  });

  it('both of which were lost, leaves with the second', async () => {
    const service = await start();
    const watcher = await joined(service, 'ann');
    const [one, two] = [await joined(service, 'ben'), await joined(service, 'ben')];
    await watcher.settled();
    await lose(service, one);
    vi.advanceTimersByTime(1000);
    await lose(service, two);
    vi.advanceTimersByTime(2000);
    expect(await changes(watcher)).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(await changes(watcher)).toEqual(['-ben']);
  });
});

it('who comes back with other details is told of anew, so that everybody has them', async () => {
  const service = await start();
  const watcher = await joined(service, 'ann');
  const lost = await joined(service, 'ben', { name: 'Ben' });
  await watcher.settled();
  await lose(service, lost);
  const back = await Client.connect(service);
  const grant = service.authorizeChannel(back.socketId, room, { id: 'ben', info: { name: 'Benjamin' } });
  expect(await back.subscribe(room, grant)).toMatchObject({ presence: { hash: { ben: { name: 'Benjamin' } } } });
  expect(await changes(watcher)).toEqual(['-ben', '+ben']);
});

describe('nothing waits for', () => {
  it('a user whom the application sends away, also one who was lost before', async () => {
    const service = await start();
    const watcher = await joined(service, 'ann');
    const [lost, here] = [await joined(service, 'ben'), await joined(service, 'carl')];
    here.send('pusher:signin', service.authenticateUser(here.socketId, { id: 'carl' }));
    await here.next('pusher:signin_success');
    await watcher.settled();
    await lose(service, lost);
    expect([await service.api.disconnectUser('carl'), await service.api.disconnectUser('ben')]).toEqual([1, 0]);
    expect(await changes(watcher)).toEqual(['-carl', '-ben']);
    expect(await service.channelUsers(room)).toEqual(['ann']);
  });

  // Others of several nodes would keep the member for a time.
  itOfEachNode('a server that closes: its webhooks tell of the member, and no page hears of it', async () => {
    const receiver = await WebhookReceiver.start();
    const service = await start({ webhooks: [{ url: receiver.url, events: ['member_removed', 'channel_vacated'] }] });
    const watcher = await joined(service, 'ann');
    const lost = await joined(service, 'ben');
    await watcher.settled();
    await lose(service, lost);
    await Promise.all([service.close(), watcher.closed]);
    expect(watcher.received.map(shown).join('')).toBe('');
    expect(receiver.events.map(({ name, user_id: user }) => [name, user])).toEqual([
      ['member_removed', 'ben'],
      ['member_removed', 'ann'],
      ['channel_vacated', undefined],
    ]);
  });
});

itOfEachNode.each([
  ['the pages', { presenceLeaveDelayMs: 5000, webhookLeaveDelayMs: 3000 }, 5000],
  ['the webhooks', { presenceLeaveDelayMs: 3000, webhookLeaveDelayMs: 5000 }, 5000],
  ['both', { presenceLeaveDelayMs: 3000, webhookLeaveDelayMs: 3000 }, 3000],
  ['the pages alone', { presenceLeaveDelayMs: 3000, webhookLeaveDelayMs: 0 }, 3000],
])('webhooks wait as long as the longer delay: that of %s', async (_whose, delays, delayMs) => {
  const receiver = await WebhookReceiver.start();
  const service = await start({ webhooks: [{ url: receiver.url }], webhookBatchMs: 1, ...delays });
  const told = async (count: number): Promise<unknown> => {
    await until(() => receiver.events.length >= count);
    return receiver.events.slice(count - 2).map(({ name }) => name);
  };
  const lost = await joined(service, 'ann');
  vi.advanceTimersByTime(1);
  await told(2);
  await lose(service, lost);
  vi.advanceTimersByTime(delayMs - 1);
  const back = await joined(service, 'ann');
  vi.advanceTimersByTime(60_000);
  await lose(service, back);
  vi.advanceTimersByTime(delayMs - 1);
  expect(await told(2)).toEqual(['channel_occupied', 'member_added']);
  vi.advanceTimersByTime(1);
  vi.advanceTimersByTime(1);
  expect(await told(4)).toEqual(['member_removed', 'channel_vacated']);
});

it('of too many members who are kept, the first leaves, so that the memory is bounded', () => {
  const ended: string[] = [];
  const leaves = new PresenceLeaves(3000, ({ userId }: HeldPlace) => ended.push(userId));
  const channel = new LocalChannel(room);
  for (let index = 0; index < 100_001; index++) leaves.add({ userId: `${index}` }, channel);
  expect(ended).toEqual(['0']);
  leaves.endAll();
  expect([ended.length, vi.getTimerCount()]).toEqual([100_001, 0]);
});
