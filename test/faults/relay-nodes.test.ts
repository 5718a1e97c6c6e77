import { expect, test, vi } from 'vitest';
import { checked } from '../chaos/check.js';
import { SOON } from './relay.js';
import { channel, clusterOf, listOn, Member } from './relay-member.js';

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
  expect(bob.news).toEqual(['removed ann', 'added ann']);
  expect(ann.client.socket.readyState).toBe(1);
  const { problems } = checked([ann.period, bob.period], cluster.sent, cluster.runs);
  expect(problems).toEqual([]);
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
