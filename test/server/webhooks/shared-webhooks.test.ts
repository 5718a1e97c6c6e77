import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { WebSocketOptions } from '../../../src/backends/websocket/index.js';
import type { WireEvent } from '../../../src/pusher-protocol/webhooks.js';
import { redisRelay } from '../../../src/server/relay/redis/index.js';
import type { Relay } from '../../../src/server/relay/relay.js';
import type { WebSocketWebhook } from '../../../src/server/webhooks/options.js';
import { findRedis } from '../../support/redis.js';
import { withRedis } from '../../support/with-redis.js';
import { Client } from '../support/client.js';
import { HookNode, type HookNodeOptions } from '../support/hook-node.js';
import { startServer } from '../support/server.js';
import { failing, hanging, taken, WebhookReceiver } from '../support/webhook-receiver.js';

const room = 'presence-room';
/** Long enough that no node loses it on a slow machine, short enough to wait for its end. */
const SHORT_LEASE_MS = 700;
const patient = { timeout: 10_000 };

await withRedis('webhooks of several nodes', findRedis, ({ url }) => {
  let receiver: WebhookReceiver;
  let relay: Relay;

  beforeEach(async () => {
    receiver = await WebhookReceiver.start();
    relay = redisRelay(url, { prefix: `test-${randomUUID()}:` });
  });

  function node(options: HookNodeOptions = {}, ...webhooks: readonly WebSocketWebhook[]): Promise<HookNode> {
    return HookNode.start(relay, webhooks.length > 0 ? webhooks : [{ url: receiver.url }], options);
  }

  async function two(
    options?: HookNodeOptions,
    ...webhooks: readonly WebSocketWebhook[]
  ): Promise<[HookNode, HookNode]> {
    return [await node(options, ...webhooks), await node(options, ...webhooks)];
  }

  /** The events that came in, once there are so many. */
  async function told(count: number): Promise<readonly string[]> {
    await expect.poll(() => receiver.events.length, patient).toBeGreaterThanOrEqual(count);
    return receiver.events.map(short);
  }

  const short = ({ name, user_id: user, subscription_count: count, data }: WireEvent): string =>
    [name, user, count, data].filter((part) => part !== undefined).join(' ');

  describe('tell', () => {
    it('of a channel and its members once, whichever node they come to and leave', async () => {
      const [first, second] = await two();
      const ann = await first.join(room, 'ann');
      await told(2);
      const again = await second.join(room, 'ann');
      const ben = await second.join(room, 'ben');
      await second.leave(await second.join(room, 'ben'));
      await told(3);
      await first.leave(ann);
      await second.leave(again);
      await told(4);
      await second.leave(ben);
      expect(await told(6)).toEqual([
        'channel_occupied',
        'member_added ann',
        'member_added ben',
        'member_removed ann',
        'member_removed ben',
        'channel_vacated',
      ]);
    });

    it('how many are on a channel over all nodes, once for what changes at the same time', async () => {
      const [first, second] = await two({ webhookBatchMs: 50 }, { url: receiver.url, events: ['subscription_count'] });
      const seats = await Promise.all([first, second, first, second].map((each) => each.join('orders')));
      await expect
        .poll(() => receiver.events.at(-1), patient)
        .toMatchObject({ channel: 'orders', subscription_count: 4 });
      expect(receiver.events.length).toBeLessThan(4);
      for (const [index, seat] of seats.slice(1).entries()) await (index % 2 === 0 ? second : first).leave(seat);
      await expect.poll(() => receiver.events.at(-1), patient).toMatchObject({ subscription_count: 1 });
    });

    it('what clients send behind what happened before it, and when a cache channel has no event', async () => {
      const [first, second] = await two();
      const say = (each: HookNode, data: string) => each.say({ channel: room, event: 'client-x', data, userId: 'ann' });
      await Promise.all([first.join(room, 'ann'), first.join(room, 'ben')]);
      await say(first, '1');
      for (const data of ['2', '3', '4', '5']) await say(second, data);
      second.webhooks.cacheMissed('cache-prices');
      const texts = await told(9);
      expect(texts.slice(0, 3).toSorted()).toEqual(['channel_occupied', 'member_added ann', 'member_added ben']);
      expect(texts.slice(3)).toEqual([...[1, 2, 3, 4, 5].map((data) => `client_event ann ${data}`), 'cache_miss']);
      expect(receiver.events[3]).toEqual({
        name: 'client_event',
        channel: room,
        event: 'client-x',
        data: '1',
        socket_id: '1.2',
        user_id: 'ann',
      });
    });

    it('each webhook what it asks for', async () => {
      const other = await WebhookReceiver.start();
      const [first, second] = await two(
        {},
        { url: receiver.url, events: ['member_added', 'member_removed'] },
        { url: other.url, channelPrefixes: ['private-'], events: ['channel_vacated', 'client_event'] },
        { url: other.url, channelPrefixes: ['private-'], events: ['channel_occupied'] },
      );
      const [ann, seat] = [await first.join(room, 'ann'), await second.join('private-a')];
      await second.say({ channel: 'private-a', event: 'client-x', data: '1' });
      await second.say({ channel: room, event: 'client-x', data: '2' });
      await expect.poll(() => other.events.length, patient).toBe(2);
      await second.leave(seat);
      await first.leave(ann);
      await expect
        .poll(() => other.events.map(short).toSorted())
        .toEqual(['channel_occupied', 'channel_vacated', 'client_event 1']);
      expect(await told(2)).toEqual(['member_added ann', 'member_removed ann']);
    });

    it('in order, also when the receiver fails now and then', async () => {
      const nodes = await two({ webhookBatchEvents: 3 }, { url: receiver.url, events: ['client_event'] });
      vi.spyOn(Math, 'random').mockReturnValue(0);
      onTestFinished(() => void vi.restoreAllMocks());
      receiver.next.push(failing, taken, failing);
      const numbers = Array.from({ length: 20 }, (_, number) => number);
      for (const number of numbers)
        await nodes[number % 2]?.say({ channel: 'private-a', event: 'client-x', data: String(number) });
      const events = () => new Set(receiver.events.map(({ data }) => Number(data)));
      await expect.poll(() => events().size, patient).toBe(20);
      expect([...events()]).toEqual(numbers);
    });
  });

  describe('a client that is lost', () => {
    it('has not left for webhooks when it comes to another node in time', async () => {
      const [first, second] = await two({ webhookLeaveDelayMs: 300 });
      const lost = await first.join(room, 'ann');
      await told(2);
      await first.leave(lost, true);
      const back = await second.join(room, 'ann');
      // Until the first node has waited long enough.
      const released = () => first.watched.changes.filter(({ set, share }) => /^hook-/.test(set) && !share).length;
      await expect.poll(released, patient).toBe(2);
      await second.leave(back);
      expect(await told(4)).toEqual(['channel_occupied', 'member_added ann', 'member_removed ann', 'channel_vacated']);
    });

    it('is told of when it comes to none', async () => {
      const [first] = await two({ webhookLeaveDelayMs: 100 });
      const lost = await first.join(room, 'ann');
      await first.leave(lost, true);
      expect(await told(4)).toEqual(['channel_occupied', 'member_added ann', 'member_removed ann', 'channel_vacated']);
    });

    it('and is lost again on its way back is told of once, and so is its return', async () => {
      const first = await node({ webhookLeaveDelayMs: 200 });
      const lost = await first.join(room, 'ann');
      await first.leave(lost, true);
      // A subscription that was never confirmed.
      first.webhooks.left(lost.channel, 'ann', true);
      await told(4);
      first.webhooks.left(lost.channel, 'ann', true);
      await first.join(room, 'ann');
      expect((await told(6)).slice(2)).toEqual([
        'member_removed ann',
        'channel_vacated',
        'channel_occupied',
        'member_added ann',
      ]);
    });
  });

  describe('when a node dies', () => {
    const lease = { leaseMs: SHORT_LEASE_MS };

    it('another one sends the webhook that was under way, to the byte, and what waits behind it', async () => {
      receiver.answer = hanging;
      const first = await node({ ...lease, webhookBatchEvents: 1 });
      const seat = await first.join('private-a');
      await expect.poll(() => receiver.received.length, patient).toBe(1);
      const second = await node({ ...lease, webhookBatchEvents: 1 });
      await second.join('private-a');
      await second.say({ channel: 'private-a', event: 'client-x', data: '1' });
      receiver.answer = taken;
      first.die();
      await told(4);
      await second.leave(seat);
      const [sent, again, ...later] = receiver.received;
      expect([again?.rawBody, again?.headers['x-pusher-signature']]).toEqual([
        sent?.rawBody,
        sent?.headers['x-pusher-signature'],
      ]);
      expect(later.flatMap(({ events }) => events.map(({ name }) => name))).toContain('client_event');
      expect(second.logger.entries).toEqual([]);
    });

    it('those who were on it have left, which is told once', async () => {
      const [first, second] = await two(lease);
      const third = await node(lease);
      await first.join(room, 'ann');
      await first.join(room, 'ben');
      await second.join(room, 'ben');
      await told(3);
      first.die();
      await expect.poll(() => receiver.events.map(short), patient).toContain('member_removed ann');
      await third.say({ channel: room, event: 'client-x', data: 'last' });
      await expect.poll(() => receiver.events.map(short).at(-1), patient).toBe('client_event last');
      expect(receiver.events.map(short).slice(3)).toEqual(['member_removed ann', 'client_event last']);
    });

    it('its members have left before its channels are vacated', async () => {
      const [first] = await two(lease);
      const channels = Array.from({ length: 5 }, (_, number) => `presence-${number}`);
      for (const channel of channels) for (const user of ['ann', 'ben']) await first.join(channel, user);
      await told(15);
      first.die();
      await told(30);
      for (const name of channels) {
        const events = receiver.events.filter(({ channel }) => channel === name).map(short);
        expect(events.slice(3).toSorted()).toEqual(['channel_vacated', 'member_removed ann', 'member_removed ben']);
        expect(events.at(-1)).toBe('channel_vacated');
      }
    });

    it('a node that others took for dead sends no longer what they send', async () => {
      receiver.answer = hanging;
      const [first, second] = await two(lease, { url: receiver.url, events: ['client_event'] });
      await first.say({ channel: 'private-a', event: 'client-x', data: '1' });
      await expect.poll(() => receiver.received.length, patient).toBe(1);
      const sender = [first, second].find(({ webhooks }) => webhooks.waiting > 0) ?? first;
      const other = sender === first ? second : first;
      receiver.answer = taken;
      // So that it stays dead.
      sender.watched.failing.add('register');
      await other.node.connection.evict(0, sender.node.incarnationIn(0) ?? '', { isOwn: true });
      // Long before the receiver would be too late.
      await expect.poll(() => sender.counters.webhookFailures, { timeout: 5000 }).toBe(1);
      await expect.poll(() => other.counters.webhookEventsSent, patient).toBe(1);
      expect(receiver.received.map(({ rawBody }) => rawBody)).toEqual(Array(2).fill(receiver.received[0]?.rawBody));
      expect(sender.counters).toMatchObject({ webhookEventsSent: 0, webhookEventsDropped: 0 });
    });

    it('a webhook that takes longer than a lease is sent by one node alone', async () => {
      const answers = Promise.withResolvers<void>();
      receiver.next.push((response) => answers.promise.then(() => response.end()));
      const [first, second] = await two(lease, { url: receiver.url, events: ['client_event'] });
      const reads = vi.spyOn(second.node.connection, 'readLog');
      await first.say({ channel: 'private-a', event: 'client-x', data: '1' });
      // The other one looks three times in a lease.
      await expect.poll(() => reads.mock.calls.length, patient).toBeGreaterThan(4);
      answers.resolve();
      const sent = (): number => first.counters.webhookEventsSent + second.counters.webhookEventsSent;
      await expect.poll(sent, patient).toBe(1);
      expect(receiver.received.length).toBe(1);
    });

    it('a webhook that nobody took for 5 minutes is tried once more, and given up', async () => {
      receiver.answer = hanging;
      const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 301_000);
      onTestFinished(() => now.mockRestore());
      const first = await node({ ...lease, webhookBatchEvents: 1 }, { url: receiver.url, events: ['client_event'] });
      await first.say({ channel: 'private-a', event: 'client-x', data: 'old' });
      await expect.poll(() => receiver.received.length, patient).toBe(1);
      now.mockRestore();
      first.die();
      receiver.answer = taken;
      receiver.next.push(failing);
      const second = await node({ ...lease, webhookBatchEvents: 1 }, { url: receiver.url, events: ['client_event'] });
      await second.say({ channel: 'private-a', event: 'client-x', data: 'new' });
      expect(await told(3)).toEqual(['client_event old', 'client_event old', 'client_event new']);
      await expect
        .poll(() => second.logger.entries)
        .toMatchObject([
          { level: 'warn', details: { events: 1, reason: 'it answered 500' } },
          { level: 'info', details: { dropped: 1 } },
        ]);
      expect(second.counters).toMatchObject({ webhookEventsDropped: 1, webhookEventsSent: 1, webhookFailures: 1 });
    });
  });

  describe('a node that closes', () => {
    it('leaves what it cannot send to another one, which sends the same body', async () => {
      receiver.answer = failing;
      const [first, second] = await two({ leaseMs: SHORT_LEASE_MS }, { url: receiver.url, events: ['client_event'] });
      await first.say({ channel: 'private-a', event: 'client-x', data: '1' });
      await expect.poll(() => receiver.received.length, patient).toBeGreaterThan(0);
      await first.close(50);
      receiver.answer = taken;
      const { length } = receiver.received;
      await expect.poll(() => receiver.received.length, patient).toBeGreaterThan(length);
      await expect.poll(() => second.webhooks.waiting, patient).toBe(0);
      expect(new Set(receiver.received.map(({ rawBody }) => rawBody)).size).toBe(1);
      expect([first, second].map(({ counters }) => counters.webhookEventsDropped)).toEqual([0, 0]);
      expect(first.counters.webhookEventsSent + second.counters.webhookEventsSent).toBe(1);
    });

    it('sends what waits when it is the last one', async () => {
      const last = await node({ webhookBatchMs: 60_000, webhookLeaveDelayMs: 60_000 });
      const seat = await last.join(room, 'ann');
      await last.leave(seat, true);
      await last.close(5000);
      expect(receiver.events.map(short)).toEqual([
        'channel_occupied',
        'member_added ann',
        'member_removed ann',
        'channel_vacated',
      ]);
    });

    it('waits for its clients to come to other nodes', async () => {
      const [first, second] = await two({ webhookLeaveDelayMs: 300 });
      const lost = await first.join(room, 'ann');
      await told(2);
      await first.node.caughtUp(room);
      await first.leave(lost, true);
      const closing = first.close(5000);
      const back = await second.join(room, 'ann');
      await closing;
      await second.leave(back);
      expect(await told(4)).toEqual(['channel_occupied', 'member_added ann', 'member_removed ann', 'channel_vacated']);
    });
  });

  describe('of whole servers', () => {
    const servers = (options: WebSocketOptions = {}) => {
      const common = { relay, webhooks: [{ url: receiver.url }], webhookBatchMs: 5, closeTimeoutMs: 2000, ...options };
      return Promise.all([startServer(common), startServer(common)]);
    };

    it('tell what clients do, once', async () => {
      const [first, second] = await servers({ webhookLeaveDelayMs: 0 });
      const [ann, again, ben] = [
        await Client.connect(first),
        await Client.connect(second),
        await Client.connect(second),
      ];
      await ann.join(first, room, { id: 'ann' });
      await again.join(second, room, { id: 'ann' });
      await ben.join(second, room, { id: 'ben' });
      ben.send('client-typing', { n: 1 }, room);
      await ann.next('client-typing');
      await ann.close();
      ben.send('pusher:unsubscribe', { channel: room });
      await told(5);
      await again.close();
      expect(await told(7)).toEqual([
        'channel_occupied',
        'member_added ann',
        'member_added ben',
        'client_event ben {"n":1}',
        'member_removed ben',
        'member_removed ann',
        'channel_vacated',
      ]);
    });

    it('tell of nobody who leaves one as soon as another has confirmed that they came, be the relay slow', async () => {
      const { held, openGate, slow } = gated(relay);
      const common = { webhooks: [{ url: receiver.url }], webhookBatchMs: 5, webhookLeaveDelayMs: 0 };
      const first = await startServer({ ...common, relay });
      const second = await startServer({ ...common, relay: slow });
      const [ann, again] = [await Client.connect(first), await Client.connect(second)];
      await ann.join(first, room, { id: 'ann' });
      await told(2);
      let isConfirmed = false;
      const joined = again.join(second, room, { id: 'ann' }).then(() => {
        isConfirmed = true;
      });
      await held;
      await again.settled();
      expect(isConfirmed).toBe(false);
      openGate();
      await joined;
      ann.send('pusher:unsubscribe', { channel: room });
      await ann.settled();
      again.send('pusher:unsubscribe', { channel: room });
      expect(await told(4)).toEqual(['channel_occupied', 'member_added ann', 'member_removed ann', 'channel_vacated']);
    });

    it('tell of nobody who comes to another one because the first closes', async () => {
      const [first, second] = await servers({ webhookLeaveDelayMs: 300 });
      const ann = await Client.connect(first);
      await ann.join(first, room, { id: 'ann' });
      await told(2);
      const closing = first.close();
      await ann.closed;
      const back = await Client.connect(second);
      await back.join(second, room, { id: 'ann' });
      await closing;
      back.send('client-typing', { n: 1 }, room);
      expect(await told(3)).toEqual(['channel_occupied', 'member_added ann', 'client_event ann {"n":1}']);
    });

    it('tell of a member whom others keep when the first closes only if nobody comes back', async () => {
      const [first, second] = await servers({ webhookLeaveDelayMs: 0, presenceLeaveDelayMs: 1500 });
      const [ann, ben] = [await Client.connect(first), await Client.connect(first)];
      await ann.join(first, room, { id: 'ann' });
      await ben.join(first, room, { id: 'ben' });
      const watching = await Client.connect(second);
      await watching.join(second, room, { id: 'watching' });
      await told(4);
      await first.close();
      const back = await Client.connect(second);
      await back.join(second, room, { id: 'ann' });
      const ofRoom = (): readonly string[] => receiver.events.filter(({ channel }) => channel === room).map(short);
      // What a node asks of the relay shows it that the time of another one is over.
      const asking = async (): Promise<number> => {
        await watching.subscribe(randomUUID());
        return ofRoom().length;
      };
      await expect.poll(asking, { ...patient, interval: 100 }).toBe(5);
      expect(ofRoom().slice(4)).toEqual(['member_removed ben']);
    });

    it('tell how many are left on another one when the first closes', async () => {
      const [first, second] = await servers({ webhookLeaveDelayMs: 0 });
      const [going, staying] = [await Client.connect(first), await Client.connect(second)];
      await going.subscribe('orders');
      await staying.subscribe('orders');
      await expect.poll(() => receiver.events.map(short), patient).toContain('subscription_count 2');
      await first.close();
      await expect.poll(() => receiver.events.map(short).at(-1), patient).toBe('subscription_count 1');
    });

    it('tell how many subscribers there are, and when a cache channel has no event', async () => {
      const [first, second] = await servers({ webhookLeaveDelayMs: 0 });
      const [one, two] = [await Client.connect(first), await Client.connect(second)];
      await one.subscribe('cache-prices');
      await two.subscribe('cache-prices');
      await expect.poll(() => receiver.events.map(short), patient).toContain('subscription_count 2');
      expect(
        receiver.events
          .map(short)
          .filter((text) => !text.startsWith('subscription_count'))
          .toSorted(),
      ).toEqual(['cache_miss', 'channel_occupied']);
    });
  });

  describe('while the relay is away', () => {
    it('events wait, which is said once, and so is their end', async () => {
      const first = await node({ leaseMs: 300 }, { url: receiver.url, events: ['channel_occupied'] });
      first.watched.failing.add('readLog');
      await first.join('a');
      await expect.poll(() => first.logger.entries.length, patient).toBeGreaterThan(0);
      await first.join('b');
      first.watched.failing.clear();
      expect(await told(2)).toEqual(['channel_occupied', 'channel_occupied']);
      await expect
        .poll(() => first.logger.entries)
        .toMatchObject([
          { level: 'warn', details: { reason: 'the relay is away' } },
          { level: 'info', text: 'websocket: the events of webhooks are sent again' },
        ]);
    });

    it('what no log takes is lost, and counted', async () => {
      const first = await node({}, { url: receiver.url, events: ['cache_miss'] });
      first.watched.failing.add('publish');
      first.webhooks.cacheMissed('cache-a');
      await expect.poll(() => first.counters.webhookEventsDropped, patient).toBe(1);
      expect(first.logger.entries).toMatchObject([
        { level: 'warn', details: { events: 1, reason: 'the relay did not take them: the relay is away' } },
      ]);
    });

    it('a webhook is not sent again when only its end could not be noted', async () => {
      const first = await node({ leaseMs: 300 }, { url: receiver.url, events: ['channel_occupied'] });
      first.watched.failing.add('passInLog');
      await first.join('a');
      await told(1);
      await expect.poll(() => first.logger.entries.length, patient).toBe(1);
      first.watched.failing.clear();
      await first.join('b');
      await told(2);
      expect(receiver.events.map(({ channel }) => channel)).toEqual(['a', 'b']);
    });
  });
});

/** A relay that holds back what comes for webhooks until the gate is opened. @returns `held` resolves when it does */
function gated(relay: Relay): { readonly held: Promise<void>; readonly openGate: () => void; readonly slow: Relay } {
  const [held, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow: Relay = {
    name: relay.name,
    connect: async (host) => {
      const connection = await relay.connect(host);
      const update: typeof connection.update = async (partition, incarnation, leaseMs, changes) => {
        if (changes.some(({ set, share }) => set.startsWith('hook-') && share !== undefined)) {
          held.resolve();
          await gate.promise;
        }
        return connection.update(partition, incarnation, leaseMs, changes);
      };
      return new Proxy(connection, {
        get: (_, name) => {
          const value: unknown = name === 'update' ? update : Reflect.get(connection, name);
          return typeof value === 'function' ? value.bind(connection) : value;
        },
      });
    },
  };
  return { held: held.promise, openGate: gate.resolve, slow };
}
