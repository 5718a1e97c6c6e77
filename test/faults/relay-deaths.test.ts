import { expect, test, vi } from 'vitest';
import { SOON } from './relay.js';
import { channel, clusterOf, listOn, Member } from './relay-member.js';

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
  expect(cid.news.slice(3).toSorted()).toEqual(['removed ann', 'removed bob']);
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
  expect(ann.news.toSorted()).toEqual(['removed user 0', 'removed user 1']);
}, 120_000);
