import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { authFor, channelText } from '../../src/pusher-protocol/signature.js';
import { deliver, deliverMessages } from '../support/deliver.js';
import { Client, type Message } from './support/client.js';
import { context, credentials, message, startServer } from './support/server.js';

describe('public channels', () => {
  it('an event reaches the subscribers of its channel, and no one else', async () => {
    const service = await startServer();
    const [subscriber, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
    expect(await subscriber.subscribe('orders')).toEqual({});
    await other.subscribe('parcels');
    await deliver(service, ['orders'], message('shipped', { orderId: 42, text: 'Grüße, 世界 👋' }), context);
    expect(await subscriber.next('shipped')).toEqual({
      event: 'shipped',
      channel: 'orders',
      data: '{"orderId":42,"text":"Grüße, 世界 👋"}',
    });
    expect(await other.settled()).toEqual([]);
  });

  it('an event for several channels arrives once for each that one is subscribed to', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    await client.subscribe('b');
    await deliver(service, ['a', 'b', 'c'], message('x'), context);
    expect((await client.settled()).map(({ channel }) => channel)).toEqual(['a', 'b']);
  });

  it('different messages are sent in their order', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    const events = Array.from({ length: 50 }, (_, index) => `event-${index}`);
    await deliverMessages(
      service,
      events.map((event) => ({ channel: 'a', message: message(event) })),
      context,
    );
    expect((await client.settled()).map(({ event }) => event)).toEqual(events);
  });

  it('the excluded socket does not get the event, the others do', async () => {
    const service = await startServer();
    const [sender, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
    await Promise.all([sender.subscribe('a'), other.subscribe('a')]);
    await deliver(service, ['a'], message('x', {}, sender.socketId), context);
    await other.next('x');
    expect(await sender.settled()).toEqual([]);
  });

  it('excluding a socket that is not there changes nothing', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    await deliver(service, ['a'], message('x', {}, '1.1'), context);
    await client.next('x');
  });

  it('after unsubscribing nothing more arrives', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    client.send('pusher:unsubscribe', { channel: 'a' });
    await client.settled();
    await deliver(service, ['a'], message('x'), context);
    expect(await client.settled()).toEqual([]);
    expect(await service.api.channels()).toEqual([]);
  });

  it('a connection that goes leaves its channels', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    await client.close();
    await expect.poll(() => service.api.channels()).toEqual([]);
    expect(service.api.localConnections).toBe(0);
  });

  it('sending to a channel without subscribers, before the server is open, is fine', async () => {
    const { WebSocketService } = await import('../../src/backends/websocket/index.js');
    const service = new WebSocketService(credentials);
    expect(await deliver(service, ['a'], message('x'), context)).toEqual([{ channel: 'a' }]);
  });

  it('a second subscription to the same channel is answered with a harmless error', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    client.send('pusher:subscribe', { channel: 'a' });
    expect(client.dataOf(await client.next('pusher:error'))).toEqual({
      code: null,
      message: 'Existing subscription to channel a',
    });
    await deliver(service, ['a'], message('x'), context);
    expect((await client.settled()).map(({ event }) => event)).toEqual(['x']);
  });

  it('unsubscribing from a channel one is not on, or from nothing, is ignored', async () => {
    const service = await startServer();
    const [client, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
    await other.subscribe('a');
    client.send('pusher:unsubscribe', { channel: 'a' });
    client.send('pusher:unsubscribe', { channel: 'never-seen' });
    client.send('pusher:unsubscribe');
    expect(await client.settled()).toEqual([]);
    expect(await service.api.channels()).toEqual(['a']);
  });

  it.each(['with space', 'ü', '', '#other', 'a/b', 'x'.repeat(165), 'new\nline', '#server-to-user-'])(
    'the name %j breaks the rules and is refused, and the connection stays',
    async (channel) => {
      const service = await startServer();
      const client = await Client.connect(service);
      client.send('pusher:subscribe', { channel });
      const error = await client.next('pusher:subscription_error');
      expect(error).toMatchObject({ channel, data: { type: 'InvalidChannel', status: 400 } });
      await client.subscribe('x'.repeat(164));
    },
  );

  it('a refusal does not echo a name that no program means as one', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    client.send('pusher:subscribe', { channel: 'x'.repeat(60_000) });
    const { channel } = await client.next('pusher:subscription_error');
    expect(channel).toBe('x'.repeat(1000));
  });

  it.each([undefined, null, {}, { channel: 5 }, 'orders', []])(
    'a subscription with the data %j is answered with an error',
    async (data) => {
      const service = await startServer();
      const client = await Client.connect(service);
      client.send('pusher:subscribe', data);
      expect((await client.settled()).map(({ event }) => event)).toEqual(['pusher:error']);
    },
  );

  it('a connection may have only so many channels', async () => {
    const service = await startServer({ maxChannelsPerConnection: 2 });
    const client = await Client.connect(service);
    await client.subscribe('a');
    await client.subscribe('b');
    client.send('pusher:subscribe', { channel: 'c' });
    expect((await client.next('pusher:subscription_error')).data).toMatchObject({ type: 'LimitReached', status: 403 });
    client.send('pusher:unsubscribe', { channel: 'a' });
    await client.subscribe('c');
  });
});

describe('private channels', () => {
  it('a signed subscription is taken', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.join(service, 'private-orders');
    await deliver(service, ['private-orders'], message('x'), context);
    await client.next('x');
  });

  it.each([
    ['no signature', () => undefined],
    ['an empty one', () => ''],
    ['one that is no text', () => 5],
    ['a wrong one', () => `key:${'0'.repeat(64)}`],
    ['one of another secret', (id: string) => authFor(`${id}:private-a`, { pubKey: 'key', secretKey: 'other' })],
    [
      'one of another key',
      (id: string) => authFor(`${id}:private-a`, { pubKey: 'other', secretKey: credentials.secretKey }),
    ],
    ['one for another channel', (id: string) => authFor(`${id}:private-b`, credentials)],
    ['one for another socket', () => authFor('1.1:private-a', credentials)],
  ])('a subscription with %s is refused, and the connection stays', async (_what, auth) => {
    const service = await startServer();
    const client = await Client.connect(service);
    client.send('pusher:subscribe', { channel: 'private-a', auth: auth(client.socketId) });
    expect(await client.next('pusher:subscription_error')).toEqual({
      event: 'pusher:subscription_error',
      channel: 'private-a',
      data: { type: 'AuthError', error: expect.any(String), status: 401 },
    });
    await client.join(service, 'private-a');
  });

  const member = '{"user_id":"10","user_info":{"name":"Mr. Pusher"}}';

  it.each(['private-a', 'private-encrypted-a'])('the signature of %s may cover channel_data', async (channel) => {
    const service = await startServer();
    const client = await Client.connect(service);
    const auth = authFor(channelText(client.socketId, channel, member), credentials);
    const altered = member.replace('10', '11');
    for (const data of [{ channel_data: altered }, { channel_data: '' }, { channel_data: 5 }, {}]) {
      client.send('pusher:subscribe', { channel, auth, ...data });
      expect((await client.next('pusher:subscription_error')).data).toMatchObject({ type: 'AuthError', status: 401 });
    }
    expect(await client.subscribe(channel, { auth, channel_data: member })).toEqual({});
  });

  it('data that the signature does not cover is ignored, whatever it is', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    for (const [index, data] of [member, 'no JSON', '', 5, null].entries()) {
      const auth = authFor(channelText(client.socketId, `private-${index}`), credentials);
      expect(await client.subscribe(`private-${index}`, { auth, channel_data: data })).toEqual({});
    }
    expect((await service.api.channels()).length).toBe(5);
  });

  it('a presence channel stays signed with its data', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    const auth = authFor(channelText(client.socketId, 'presence-a'), credentials);
    client.send('pusher:subscribe', { channel: 'presence-a', auth, channel_data: member });
    expect((await client.next('pusher:subscription_error')).data).toMatchObject({ type: 'AuthError', status: 401 });
  });

  it('what is sent on an encrypted channel passes through as it is', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.join(service, 'private-encrypted-a');
    await deliver(service, ['private-encrypted-a'], message('x', { nonce: 'n', ciphertext: 'c' }), context);
    expect((await client.next('x')).data).toBe('{"nonce":"n","ciphertext":"c"}');
  });
});

describe('cache channels', () => {
  it.each(['cache-a', 'private-cache-a', 'private-encrypted-cache-a', 'presence-cache-a'])(
    '%s hands its last event to new subscribers',
    async (channel) => {
      const service = await startServer();
      const [first, second] = await Promise.all([Client.connect(service), Client.connect(service)]);
      const join = (client: Client) =>
        channel.startsWith('cache') ? client.subscribe(channel) : client.join(service, channel, { id: 'u' });
      await join(first);
      expect(await first.next('pusher:cache_miss')).toEqual({ event: 'pusher:cache_miss', channel });
      await deliver(service, [channel], message('old'), context);
      await deliver(service, [channel], message('new', { n: 1 }), context);
      await join(second);
      expect(await second.settled()).toEqual([{ event: 'new', channel, data: '{"n":1}' }]);
    },
  );

  it('the last event is kept while no one is subscribed', async () => {
    const service = await startServer();
    await deliver(service, ['cache-a'], message('x'), context);
    const client = await Client.connect(service);
    await client.subscribe('cache-a');
    await client.next('x');
  });

  it('client events are not kept', async () => {
    const service = await startServer();
    const [first, second] = await Promise.all([Client.connect(service), Client.connect(service)]);
    await first.join(service, 'private-cache-a');
    first.send('client-x', {}, 'private-cache-a');
    await first.settled();
    await second.join(service, 'private-cache-a');
    await second.next('pusher:cache_miss');
  });

  it('other channels keep nothing', async () => {
    const service = await startServer();
    await deliver(service, ['my-cache-a'], message('x'), context);
    const client = await Client.connect(service);
    await client.subscribe('my-cache-a');
    expect(await client.settled()).toEqual([]);
  });
});

describe('the rate of subscriptions', () => {
  beforeEach(() => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(5000);
    onTestFinished(() => now.mockRestore());
  });

  it('coming and going on a channel is refused with 429 once it is over the rate, until a second has passed', async () => {
    const service = await startServer({ maxChannelsPerConnection: 2, subscriptionsPerSecond: 2 });
    const [client, watcher] = await Promise.all([Client.connect(service), Client.connect(service)]);
    await watcher.join(service, 'presence-a', { id: 'watcher' });
    const grant = service.authorizeChannel(client.socketId, 'presence-a', { id: 'ann' });
    const answers: Message[] = [];
    for (let round = 0; round < 10; round++) {
      client.send('pusher:subscribe', { channel: 'presence-a', ...grant });
      answers.push(...(await client.settled()));
      client.send('pusher:unsubscribe', { channel: 'presence-a' });
    }
    answers.push(...(await client.settled()));
    // 2 × 2 + 2 at once, half of them subscriptions.
    expect(answers.filter(({ event }) => event === 'pusher_internal:subscription_succeeded').length).toBe(3);
    expect(answers.at(-1)).toEqual({
      event: 'pusher:subscription_error',
      channel: 'presence-a',
      data: { type: 'LimitReached', error: expect.stringContaining('2 times a second'), status: 429 },
    });
    expect((await watcher.settled()).length).toBe(6);
    vi.mocked(performance.now).mockReturnValue(6000);
    await client.subscribe('presence-a', grant);
  });

  it('leaving is never refused', async () => {
    const service = await startServer({ maxChannelsPerConnection: 1, subscriptionsPerSecond: 1 });
    const client = await Client.connect(service);
    await client.subscribe('a');
    client.send('pusher:unsubscribe', { channel: 'a' });
    await client.subscribe('a');
    client.send('pusher:unsubscribe', { channel: 'a' });
    client.send('pusher:subscribe', { channel: 'a' });
    expect((await client.next('pusher:subscription_error')).data).toMatchObject({ status: 429 });
    expect(await service.api.channels()).toEqual([]);
  });

  it('signing in counts, and is refused with an error', async () => {
    const service = await startServer({ maxChannelsPerConnection: 1, subscriptionsPerSecond: 1 });
    const client = await Client.connect(service);
    const grant = service.authenticateUser(client.socketId, { id: '1' });
    const answers: Message[] = [];
    for (let time = 0; time < 4; time++) {
      client.send('pusher:signin', grant);
      answers.push(...(await client.settled()));
    }
    expect(answers.map(({ event }) => event)).toEqual([
      ...Array.from({ length: 3 }, () => 'pusher:signin_success'),
      'pusher:error',
    ]);
  });

  it('a page may sign in, take all its channels, and change to as many others, at once', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    client.send('pusher:signin', service.authenticateUser(client.socketId, { id: '1' }));
    await client.next('pusher:signin_success');
    for (let index = 0; index < 100; index++) client.send('pusher:subscribe', { channel: `old-${index}` });
    for (let index = 0; index < 100; index++) client.send('pusher:unsubscribe', { channel: `old-${index}` });
    for (let index = 0; index < 15; index++) client.send('pusher:subscribe', { channel: `new-${index}` });
    const events = (await client.settled()).map(({ event }) => event);
    expect(new Set(events)).toEqual(new Set(['pusher_internal:subscription_succeeded']));
    expect((await service.api.channels()).length).toBe(15);
  });
});
