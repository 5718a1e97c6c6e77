import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test, vi } from 'vitest';
import { LEASE_MS } from '../../src/server/relay/cluster-node.js';
import { joinedNodes, numbersOf, SOON } from './relay.js';

const channel = 'presence-room';

test('while Redis is full, members stay, messages come through, and who is new gets in when there is room', async () => {
  const { redis, nodes } = await joinedNodes('--maxmemory-policy', 'noeviction');
  const [one, other] = nodes;
  const ann = await one.client(channel, 'ann');
  const bob = await other.client(channel, 'bob');
  await ann.next('pusher_internal:member_added');
  const direct = new Redis(redis.url);
  onTestFinished(() => direct.disconnect());
  await direct.config('SET', 'maxmemory', '1');
  let isIn = false;
  const cid = one.client(channel, 'cid').then((client) => {
    isIn = true;
    return client;
  });
  // The one that wants more must not keep its node from renewing what it has.
  for (const end = performance.now() + LEASE_MS * 1.5; performance.now() < end; ) {
    await pause(500);
    expect(await one.outcome(channel, 1)).toBe('accepted');
  }
  expect(isIn).toBe(false);
  expect(await other.service.channelUsers(channel)).toEqual(['ann', 'bob']);
  expect(ann.received.some(({ event }) => event.startsWith('pusher_internal'))).toBe(false);
  expect(numbersOf(ann).length).toBeGreaterThan(20);
  await vi.waitFor(() => expect(numbersOf(bob)).toEqual(numbersOf(ann)));
  // Who leaves does so while it is full.
  await bob.close();
  await vi.waitUntil(async () => (await one.service.channelUsers(channel)).length === 1, SOON);
  await direct.config('SET', 'maxmemory', '0');
  await cid;
  await vi.waitFor(async () => expect(await other.members(channel)).toEqual(['ann', 'cid']), SOON);
}, 120_000);
