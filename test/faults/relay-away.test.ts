import { setTimeout as pause } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { PushError } from '../../src/index.js';
import { LEASE_MS } from '../../src/server/relay/cluster-node.js';
import { Client } from '../server/support/client.js';
import { everythingShown } from '../support/everything-shown.js';
import { inForm } from './form.js';
import { joinedNodes, numbersOf, SOON, whenAccepted } from './relay.js';

const channel = 'presence-room';
const awayMs = LEASE_MS * 1.5;

const ways = ['swallows what is sent', 'refuses connections'];

test.each(inForm({ short: ways.slice(0, 1), long: ways }))(
  'while Redis %s for longer than a lease, clients stay, sends are refused, and afterwards all is right',
  async (how) => {
    const { proxy, nodes } = await joinedNodes();
    const [one, other] = nodes;
    const ann = await one.client(channel, 'ann');
    const bob = await other.client(channel, 'bob');
    await ann.next('pusher_internal:member_added');
    expect(await one.outcome(channel, 0)).toBe('accepted');
    if (how === 'refuses connections') proxy.refuse();
    else proxy.swallow();
    const began = Date.now();
    const cpuBefore = process.cpuUsage();
    const heapBefore = process.memoryUsage().heapUsed;
    // It is in as soon as Redis is back, and asks once.
    const coming = Client.connect(one.service).then(async (client) => {
      await client.join(one.service, channel, { id: 'cid' });
      return client;
    });
    const outcomes = new Set<string>();
    for (let number = 1; Date.now() - began < awayMs; number++) {
      outcomes.add(await one.outcome(channel, number));
      await pause(100);
    }
    const { user, system } = process.cpuUsage(cpuBefore);
    // Of this process, in which two nodes wait and a send is refused ten times a second.
    expect((user + system) / 1000 / awayMs).toBeLessThan(0.5);
    expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(64 * 2 ** 20);
    expect(outcomes).toContain('rejected');
    expect(outcomes).not.toContain('accepted');
    expect([ann.socket.readyState, bob.socket.readyState]).toEqual([1, 1]);
    proxy.heal();
    await coming;
    await whenAccepted(one, channel);
    await whenAccepted(other, channel);
    for (const node of nodes)
      await vi.waitFor(async () => expect(await node.members(channel)).toEqual(['ann', 'bob', 'cid']), SOON);
    expect(await one.outcome(channel, 1000)).toBe('accepted');
    for (const client of [ann, bob]) {
      await vi.waitFor(() => expect(numbersOf(client).at(-1)).toBe(1000), SOON);
      // Once, and nothing of what was refused.
      expect(numbersOf(client).filter((number) => number >= 0 && number !== 0)).toEqual([1000]);
    }
    for (const { spans, lines } of nodes) {
      expect(spans).toHaveLength(1);
      expect(spans[0]?.since.getTime()).toBeLessThanOrEqual(began);
      // A line when it begins and one when it ends, and not one for each try.
      expect(lines.length).toBeLessThan(12);
    }
  },
  120_000,
);

test('without Redis a node does not open, and says why in bounded time, without the password', async () => {
  const { redis, another } = await joinedNodes();
  await redis.close();
  const node = another('the-password');
  const began = performance.now();
  const error = await node.push.ready().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(performance.now() - began).toBeLessThan(20_000);
  expect(PushError.isPushError(error)).toBe(true);
  expect(String(error)).toMatch(/Redis/);
  expect(everythingShown([error, node.lines])).not.toContain('the-password');
  expect(node.service.address).toBeUndefined();
}, 60_000);
