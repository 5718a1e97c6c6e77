import { Redis } from 'ioredis';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startRedis } from '../support/redis.js';
import { joinedNodes, numbersOf, SOON, whenAccepted } from './relay.js';

const channel = 'presence-room';

function clientOf(url: string): Redis {
  const direct = new Redis(url);
  onTestFinished(() => direct.disconnect());
  return direct;
}

/** Names of the messages of presence that a client was told. */
function news(client: { readonly received: readonly { readonly event: string; readonly data?: unknown }[] }): string[] {
  return client.received
    .filter(({ event }) => event.startsWith('pusher_internal:member_'))
    .map(({ event, data }) => `${event.slice('pusher_internal:member_'.length)} ${JSON.parse(String(data)).user_id}`);
}

test('a Redis that was made a replica refuses messages until it is a master again; clients stay', async () => {
  const { redis, nodes } = await joinedNodes();
  const [one, other] = nodes;
  const ann = await one.client(channel, 'ann');
  await other.client(channel, 'bob');
  const direct = clientOf(redis.url);
  // It keeps what it has, because nobody listens there.
  await direct.replicaof('127.0.0.1', '1');
  await vi.waitUntil(async () => (await one.outcome(channel, 1)) === 'rejected', SOON);
  await direct.replicaof('NO', 'ONE');
  await whenAccepted(one, channel);
  await whenAccepted(other, channel);
  for (const node of nodes)
    await vi.waitFor(async () => expect(await node.members(channel)).toEqual(['ann', 'bob']), SOON);
  expect(ann.socket.readyState).toBe(1);
}, 120_000);

test('when another server takes the place of Redis, with an older state, all is right again', async () => {
  const { redis, proxy, nodes } = await joinedNodes();
  const [one, other] = nodes;
  const ann = await one.client(channel, 'ann');
  const replica = await startRedis('--replicaof', '127.0.0.1', String(redis.port));
  if (replica === undefined) throw new Error('This needs redis-server.');
  onTestFinished(() => replica.close());
  const direct = clientOf(replica.url);
  await vi.waitUntil(async () => (await direct.dbsize()) > 0, SOON);
  // What comes now is lost with the old master.
  await direct.replicaof('NO', 'ONE');
  const bob = await other.client(channel, 'bob');
  proxy.lead(replica.port);
  await whenAccepted(one, channel);
  await whenAccepted(other, channel);
  for (const node of nodes)
    await vi.waitFor(async () => expect(await node.members(channel)).toEqual(['ann', 'bob']), SOON);
  expect(await other.outcome(channel, 7)).toBe('accepted');
  for (const client of [ann, bob]) await vi.waitFor(() => expect(numbersOf(client).at(-1)).toBe(7), SOON);
  for (const { spans } of nodes) expect(spans).toHaveLength(1);
}, 120_000);

test('a Redis that takes a second to answer is slow, and nothing worse', async () => {
  const { proxy, nodes } = await joinedNodes();
  const [one, other] = nodes;
  const ann = await one.client(channel, 'ann');
  proxy.delay(1000);
  const bob = await other.client(channel, 'bob');
  const numbers = Array.from({ length: 50 }, (_, number) => number);
  expect(new Set(await Promise.all(numbers.map((number) => one.outcome(channel, number))))).toEqual(
    new Set(['accepted']),
  );
  for (const client of [ann, bob]) await vi.waitFor(() => expect(numbersOf(client)).toEqual(numbers), SOON);
  expect(news(ann)).toEqual(['added bob']);
  for (const { spans, lines } of nodes) expect([spans, lines]).toEqual([[], []]);
}, 120_000);

test('a Redis that is emptied is told everything again, and nobody hears of it', async () => {
  const { redis, nodes } = await joinedNodes();
  const [one, other] = nodes;
  const ann = await one.client(channel, 'ann');
  const bob = await other.client(channel, 'bob');
  await ann.next('pusher_internal:member_added');
  await clientOf(redis.url).flushall();
  expect(await one.outcome(channel, 1)).toBe('accepted');
  expect(await other.outcome(channel, 2)).toBe('accepted');
  for (const client of [ann, bob]) await vi.waitFor(() => expect(numbersOf(client)).toEqual([1, 2]), SOON);
  for (const node of nodes)
    await vi.waitFor(async () => expect(await node.service.channelUsers(channel)).toEqual(['ann', 'bob']), SOON);
  await vi.waitFor(async () => expect(await one.service.api.connections()).toBe(2), SOON);
  for (const client of [ann, bob]) expect(news(client)).toEqual([]);
}, 120_000);

test('a Redis that evicts keys is warned about when a node opens', async () => {
  const { nodes } = await joinedNodes('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru');
  for (const { lines } of nodes)
    expect(lines.map(({ level, text }) => `${level} ${text}`)).toEqual([expect.stringMatching(/^warn .*noeviction/)]);
});
