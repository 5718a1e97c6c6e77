import { expect, onTestFinished, test, vi } from 'vitest';
import { checked } from '../chaos/check.js';
import { type LivingNode, TestCluster } from '../chaos/cluster.js';
import { grantFor } from '../chaos/grant.js';
import { credentials, type Period } from '../chaos/record.js';
import { Client } from '../server/support/client.js';
import { SOON } from './relay.js';

const channel = 'presence-room';

async function clusterOf(...parameters: Parameters<typeof TestCluster.start>): Promise<TestCluster> {
  const cluster = await TestCluster.start(...parameters);
  onTestFinished(() => cluster.close());
  return cluster;
}

/** A member of the channel on a node, whose subscription is kept as a record. */
class Member {
  readonly client: Client;
  readonly user: string;
  readonly list: readonly string[];
  readonly from: number = Date.now();

  private constructor(client: Client, user: string, list: readonly string[]) {
    this.client = client;
    this.user = user;
    this.list = list;
  }

  static async on(node: LivingNode, user: string): Promise<Member> {
    const url = `ws://127.0.0.1:${node.port}/app/${credentials.pubKey}?protocol=7`;
    const client = await Client.connect({ address: undefined }, { url });
    const { presence } = (await client.subscribe(channel, grantFor(client.socketId, channel, user))) as {
      presence: { ids: string[] };
    };
    onTestFinished(() => client.socket.terminate());
    return new Member(client, user, presence.ids.toSorted());
  }

  /** What it was told of others, in its order. */
  get news(): readonly string[] {
    return this.client.received
      .filter(({ event }) => event.startsWith('pusher_internal:member_'))
      .map((message) => `${message.event.slice(23)} ${this.client.dataOf(message)['user_id']}`);
  }

  get numbers(): string[] {
    return this.client.received
      .filter(({ event }) => event === 'n')
      .map((message) => String(this.client.dataOf(message)['id']));
  }

  get period(): Period {
    const { user, from, numbers: received } = this;
    return { client: user, user, channel, socketId: this.client.socketId, from, received, times: [], faults: [] };
  }
}

/** The members of the channel, as a new one is told of them, without himself. */
async function listOn(node: LivingNode): Promise<readonly string[]> {
  const watcher = await Member.on(node, 'watcher');
  await watcher.client.close();
  return watcher.list.filter((user) => user !== 'watcher');
}

const withoutWatchers = (news: readonly string[]): readonly string[] =>
  news.filter((text) => !text.endsWith('watcher'));

test('a node that was frozen for longer than its lease comes back with its clients', async () => {
  const cluster = await clusterOf(2, { channels: [channel], messagesPerSecond: 50 });
  const [frozen, other] = cluster.nodes;
  if (frozen === undefined || other === undefined) throw new Error('There are two nodes.');
  const ann = await Member.on(frozen, 'ann');
  const bob = await Member.on(other, 'bob');
  cluster.flow();
  await vi.waitUntil(() => bob.numbers.length > 100, SOON);
  frozen.stop();
  const stoppedAt = Date.now();
  await vi.waitUntil(() => bob.news.includes('removed ann'), SOON);
  expect(await listOn(other)).toEqual(['bob']);
  const before = new Set(bob.numbers);
  frozen.goOn();
  await vi.waitUntil(() => bob.news.includes('added ann'), SOON);
  for (const node of [frozen, other])
    await vi.waitFor(async () => expect(await listOn(node)).toEqual(['ann', 'bob']), SOON);
  await cluster.quiet();
  const accepted = cluster.sent.filter(({ outcome }) => outcome === 'accepted').length;
  await vi.waitFor(() => expect(ann.numbers.length).toBeGreaterThanOrEqual(accepted - 10), SOON);
  // Nothing that it had begun to send comes as if it were news.
  const late = cluster.sent.filter(({ id, from }) => id.startsWith(frozen.name) && from < stoppedAt);
  expect(late.filter(({ id }) => bob.numbers.includes(id) && !before.has(id))).toEqual([]);
  expect(withoutWatchers(bob.news)).toEqual(['removed ann', 'added ann']);
  expect(ann.client.socket.readyState).toBe(1);
  const { problems } = checked([ann.period, bob.period], cluster.sent, cluster.runs);
  expect(problems).toEqual([]);
}, 120_000);

test('when two nodes die at once, their members leave once', async () => {
  const cluster = await clusterOf(3, { channels: [channel], messagesPerSecond: 1 });
  const [one, two, left] = cluster.nodes;
  if (one === undefined || two === undefined || left === undefined) throw new Error('There are three nodes.');
  const cid = await Member.on(left, 'cid');
  await Member.on(one, 'ann');
  await Member.on(one, 'everywhere');
  await Member.on(two, 'bob');
  await Member.on(left, 'everywhere');
  await vi.waitFor(() => expect(cid.news).toHaveLength(3), SOON);
  await Promise.all([one.kill(), two.kill()]);
  await vi.waitFor(async () => expect(await listOn(left)).toEqual(['cid', 'everywhere']), SOON);
  expect(withoutWatchers(cid.news).slice(3).toSorted()).toEqual(['removed ann', 'removed bob']);
}, 120_000);

test('when all nodes die, one that starts anew knows in time who is there', async () => {
  const cluster = await clusterOf(2, { channels: [channel], messagesPerSecond: 1 });
  for (const [index, node] of cluster.nodes.entries()) await Member.on(node, `user ${index}`);
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  const [place] = cluster.places;
  if (place === undefined) throw new Error('There are two places.');
  await cluster.bringUp(place);
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('There is one node.');
  const ann = await Member.on(node, 'ann');
  expect(ann.list).toEqual(['ann', 'user 0', 'user 1']);
  await vi.waitFor(async () => expect(await listOn(node)).toEqual(['ann']), SOON);
  expect(withoutWatchers(ann.news).toSorted()).toEqual(['removed user 0', 'removed user 1']);
}, 120_000);

test('a node that is too slow for what Redis keeps for it misses messages in a span that it tells', async () => {
  const limits = ['--client-output-buffer-limit', 'pubsub 1mb 1mb 1'];
  const cluster = await clusterOf(2, { channels: [channel], messagesPerSecond: 250, bytes: 9_000 }, ...limits);
  const [slow, other] = cluster.nodes;
  if (slow === undefined || other === undefined) throw new Error('There are two nodes.');
  const ann = await Member.on(slow, 'ann');
  const bob = await Member.on(other, 'bob');
  other.order('flow');
  await vi.waitUntil(() => ann.numbers.length > 10, SOON);
  slow.stop();
  const stopped = bob.numbers.length;
  // More than the sockets between hold, and Redis.
  await vi.waitUntil(() => bob.numbers.length > stopped + 2500, SOON);
  slow.goOn();
  await vi.waitUntil(() => slow.deaf.length === 1 && !slow.isDeaf, SOON);
  await other.quiet();
  const last = cluster.sent.at(-1)?.id ?? '';
  await vi.waitUntil(() => ann.numbers.at(-1) === last && bob.numbers.at(-1) === last, SOON);
  const verdict = checked([ann.period, bob.period], cluster.sent, cluster.runs);
  expect(verdict.problems).toEqual([]);
  expect(verdict.missedInSpans).toBeGreaterThan(0);
  expect(bob.numbers).toHaveLength(cluster.sent.length);
}, 120_000);
