import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { WebSocketOptions } from '../../../src/backends/websocket/index.js';
import { createPushService } from '../../../src/index.js';
import { MemoryRelay, RelayHub } from '../../support/memory-relay.js';
import { Client } from '../support/client.js';
import { startServer } from '../support/server.js';

/** The topics that something is published to from now on. */
function publishedTo({ hub }: MemoryRelay): readonly string[] {
  const topics: string[] = [];
  const publish = hub.publish.bind(hub);
  vi.spyOn(hub, 'publish').mockImplementation((partition, topic, tell) => {
    topics.push(topic);
    publish(partition, topic, tell);
  });
  return topics;
}

/** Two nodes of one cluster, each with the relay that cuts it off. */
async function twoNodes(options: WebSocketOptions = {}) {
  const hub = new RelayHub();
  const start = async () => {
    const relay = new MemoryRelay(hub);
    return { service: await startServer({ ...options, relay }), relay };
  };
  return { one: await start(), two: await start() };
}

describe('a subscription that is under way', () => {
  it('keeps the place of a member again when it breaks off', async () => {
    const { one, two } = await twoNodes({ presenceLeaveDelayMs: 60_000 });
    const watcher = await Client.connect(two.service);
    await watcher.join(two.service, 'presence-room', { id: 'bob' });
    const ann = await Client.connect(one.service);
    await ann.join(one.service, 'presence-room', { id: 'ann' });
    await watcher.next('pusher_internal:member_added');
    ann.socket.terminate();
    await vi.waitFor(() => expect(one.service.api.localConnections).toBe(0));
    const back = await Client.connect(one.service);
    one.relay.cut();
    const auth = one.service.authorizeChannel(back.socketId, 'presence-room', { id: 'ann' });
    back.send('pusher:subscribe', { channel: 'presence-room', ...auth });
    expect(await back.settled()).toEqual([]);
    back.socket.terminate();
    await vi.waitFor(() => expect(one.service.api.localConnections).toBe(0));
    one.relay.mend();
    const again = await Client.connect(one.service);
    await again.join(one.service, 'presence-room', { id: 'ann' });
    expect(await watcher.settled()).toEqual([]);
    again.send('pusher:unsubscribe', { channel: 'presence-room' });
    expect(watcher.dataOf(await watcher.next('pusher_internal:member_removed'))).toEqual({ user_id: 'ann' });
  });

  it('gets the event of a cache channel that this node had, and has missed since', async () => {
    const { one, two } = await twoNodes();
    const push = createPushService({ backend: two.service, retries: 0 });
    onTestFinished(() => push.close());
    const first = await Client.connect(one.service);
    await first.subscribe('cache-price');
    await push.send({ event: 'price', channels: 'cache-price', data: 1 });
    await first.next('price');
    const late = await Client.connect(one.service);
    one.relay.delayMs = 20;
    const asked = one.relay.calls.length;
    late.send('pusher:subscribe', { channel: 'cache-price' });
    await vi.waitFor(() => expect(one.relay.calls.slice(asked)).toContain('update'), { interval: 1 });
    one.relay.cut();
    await push.send({ event: 'price', channels: 'cache-price', data: 2 });
    one.relay.mend();
    await late.next('pusher_internal:subscription_succeeded');
    expect(await late.settled()).toEqual([{ event: 'price', channel: 'cache-price', data: '2' }]);
  });

  it('leaves the number of subscribers as it was told last', async () => {
    const { one, two } = await twoNodes({ subscriptionCounting: true });
    const names = Array.from({ length: 20 }, (_, index) => `room-${index}`);
    const clients = [await Client.connect(one.service), await Client.connect(two.service)];
    for (const client of clients) for (const name of names) client.send('pusher:subscribe', { channel: name });
    for (const client of clients) {
      await vi.waitFor(() =>
        expect(client.received.filter(({ event }) => event.endsWith('succeeded'))).toHaveLength(names.length),
      );
      const counts = new Map(
        (await client.settled())
          .filter(({ event }) => event.endsWith('subscription_count'))
          .map((message) => [message.channel, client.dataOf(message)['subscription_count']]),
      );
      expect([...counts.values()]).toEqual(names.map(() => 2));
    }
  });
});

describe('a node that was frozen for longer than its lease', () => {
  it('tells its members nothing of their own leave, and others that they are back', async () => {
    const { one, two } = await twoNodes();
    const [ann, bob] = [await Client.connect(one.service), await Client.connect(two.service)];
    await ann.join(one.service, 'presence-room', { id: 'ann' });
    await bob.join(two.service, 'presence-room', { id: 'bob' });
    await ann.next('pusher_internal:member_added');
    one.relay.hub.endLeases();
    // Whatever a node changes makes it find out how the leases are.
    await bob.subscribe('other');
    expect(bob.dataOf(await bob.next('pusher_internal:member_removed'))).toEqual({ user_id: 'ann' });
    expect(await two.service.channelUsers('presence-room')).toEqual(['bob']);
    const cho = await Client.connect(one.service);
    expect(await cho.join(one.service, 'presence-room', { id: 'cho' })).toMatchObject({
      presence: { ids: ['ann', 'bob', 'cho'] },
    });
    expect(bob.dataOf(await bob.next('pusher_internal:member_added'))).toEqual({ user_id: 'ann' });
    expect((await ann.settled()).map((message) => [message.event, ann.dataOf(message)['user_id']])).toEqual([
      ['pusher_internal:member_added', 'cho'],
    ]);
  });
});

describe('a place that is kept for a member', () => {
  it('is given up when the user is back on another node, and only nodes that have the channel hear of it', async () => {
    const { one, two } = await twoNodes({ presenceLeaveDelayMs: 60_000 });
    const watcher = await Client.connect(two.service);
    await watcher.join(two.service, 'presence-room', { id: 'bob' });
    const ann = await Client.connect(one.service);
    await ann.join(one.service, 'presence-room', { id: 'ann' });
    await watcher.next('pusher_internal:member_added');
    ann.socket.terminate();
    await vi.waitFor(() => expect(one.service.api.localConnections).toBe(0));
    const topics = publishedTo(one.relay);
    const back = await Client.connect(two.service);
    await back.join(two.service, 'presence-room', { id: 'ann' });
    expect(await watcher.settled()).toEqual([]);
    back.send('pusher:unsubscribe', { channel: 'presence-room' });
    expect(watcher.dataOf(await watcher.next('pusher_internal:member_removed'))).toEqual({ user_id: 'ann' });
    expect(new Set(topics.map((topic) => topic.split('/')[1]))).toEqual(new Set(['presence-room']));
  });
});
