import { expect, it } from 'vitest';
import type { WebSocketWebhook } from '../../../src/server/webhooks/options.js';
import { MemoryRelay, RelayHub } from '../../support/memory-relay.js';
import { HookNode } from '../support/hook-node.js';
import { hanging, taken, WebhookReceiver } from '../support/webhook-receiver.js';

// A relay whose channels fall into several partitions, each with a log of its own, as on a Redis Cluster.

const PARTITIONS = 7;
const channels = Array.from({ length: 30 }, (_, number) => `private-${number}`);
const patient = { timeout: 10_000 };

async function twoNodes(leaseMs: number, webhook: WebSocketWebhook): Promise<[HookNode, HookNode]> {
  const hub = new RelayHub(PARTITIONS);
  const start = () => HookNode.start(new MemoryRelay(hub), [webhook], { leaseMs });
  return [await start(), await start()];
}

function partitionsOf(node: HookNode): number {
  return new Set(channels.map((channel) => node.node.connection.partitionOf(node.relay.topicOf(channel)))).size;
}

it('events of all partitions are told once, and those of each channel in order', async () => {
  const receiver = await WebhookReceiver.start();
  const [first, second] = await twoNodes(15_000, { url: receiver.url });
  expect(partitionsOf(first)).toBe(PARTITIONS);
  const told = (wanted: string) =>
    expect.poll(() => receiver.events.filter(({ name }) => name === wanted).length, patient).toBe(channels.length);
  const seats = await Promise.all(channels.map((channel) => first.join(channel)));
  await told('channel_occupied');
  for (const [index, channel] of channels.entries()) {
    await (index % 2 === 0 ? first : second).say({ channel, event: 'client-x', data: String(index) });
    second.webhooks.cacheMissed(channel);
  }
  await told('cache_miss');
  for (const seat of seats) await first.leave(seat);
  await told('channel_vacated');
  for (const name of channels) {
    const names = receiver.events.filter(({ channel }) => channel === name).map((event) => event.name);
    expect(names.filter((each) => each !== 'subscription_count')).toEqual([
      'channel_occupied',
      'client_event',
      'cache_miss',
      'channel_vacated',
    ]);
  }
});

it('another node takes over what a dead one could not send, of all partitions', async () => {
  const receiver = await WebhookReceiver.start();
  receiver.answer = hanging;
  const [first, second] = await twoNodes(1000, { url: receiver.url, events: ['client_event'] });
  for (const channel of channels) await first.say({ channel, event: 'client-x', data: '1' });
  await expect.poll(() => receiver.events.length, patient).toBeGreaterThanOrEqual(PARTITIONS);
  const bodies = receiver.received.map(({ rawBody }) => rawBody);
  receiver.received.length = 0;
  receiver.answer = taken;
  first.die();
  await expect.poll(() => receiver.events.length, patient).toBeGreaterThanOrEqual(channels.length);
  await expect.poll(() => second.webhooks.waiting, patient).toBe(0);
  expect(receiver.events.map(({ channel }) => channel).toSorted()).toEqual(channels.toSorted());
  for (const body of bodies) expect(receiver.received.map(({ rawBody }) => rawBody)).toContain(body);
});
