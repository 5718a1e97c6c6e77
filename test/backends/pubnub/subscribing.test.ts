import { describe, expect, it, onTestFinished } from 'vitest';
import type { PubNubClass } from '../../../src/backends/pubnub/index.js';
import { ValidationError } from '../../../src/index.js';
import { resetBeforeAnswer } from '../../providers/faults.js';
import { failureOf } from '../../support/failure-of.js';
import { eventually } from './support/eventually.js';
import { spoiling } from './support/faults-by-path.js';
import { sdkVersions } from './support/sdk-versions.js';
import { connect, setUp } from './support/setup.js';

describe.each(sdkVersions)('subscribing with version $version of the SDK', ({ PubNub }) => {
  it('brings in what is sent, once PubNub has confirmed', async () => {
    const { provider, push, heard } = await setUp({ PubNub });
    await push.subscribe('orders');
    await push.subscribe('orders');
    const notification = { title: 'Shipped' };
    const { id, info } = await push.send({
      event: 'order.shipped',
      channels: 'orders',
      data: { orderId: 42 },
      notification,
    });
    await push.send({ channels: 'audit', data: 1 });
    await eventually(() => heard).toHaveLength(1);
    const { timetoken } = info['orders'] ?? {};
    expect(heard).toEqual([
      {
        channel: 'orders',
        event: 'order.shipped',
        data: { orderId: 42 },
        id,
        notification,
        timetoken,
        userId: 'server-1',
      },
    ]);
    expect(provider.present.get('orders')).toEqual(new Set(['server-1']));
  });

  it('takes what others send without an envelope as the data of an event, signals too', async () => {
    const { provider, push, heard } = await setUp({ PubNub });
    await push.subscribe('orders');
    provider.publish('orders', 'hello');
    provider.publish('orders', { event: 'x', more: 1 });
    provider.publish('orders', 7, { isSignal: true });
    provider.publish('orders', { event: 'typing' }, { isSignal: true, userId: 'ann' });
    await eventually(() => heard).toHaveLength(4);
    expect(heard.map(({ event, data, userId }) => [event, data, userId])).toEqual([
      ['message', 'hello', 'someone'],
      ['message', { event: 'x', more: 1 }, 'someone'],
      ['signal', 7, 'someone'],
      ['typing', null, 'ann'],
    ]);
  });

  it('adds channels without losing or repeating a message, and asks PubNub for each', async () => {
    const { provider, push, heard } = await setUp({ PubNub });
    await Promise.all([push.subscribe('a'), push.subscribe('b')]);
    expect(provider.counts.get('subscribe')).toBeLessThanOrEqual(2);
    provider.publish('a', 1);
    await push.subscribe('c');
    provider.publish('a', 2);
    provider.publish('c', 3);
    await eventually(() => heard).toHaveLength(3);
    await push.unsubscribe('a');
    provider.publish('a', 4);
    provider.publish('b', 5);
    await eventually(() => heard).toHaveLength(4);
    expect(heard.map(({ data }) => data)).toEqual([1, 2, 3, 5]);
    await eventually(() => provider.present.get('a')).toEqual(new Set());
  });

  it('hears of wildcards and channel groups, each message once', async () => {
    const { provider, push, backend, heard } = await setUp({ PubNub });
    provider.groups.set('shops', ['shop.eu', 'shop-us']);
    await Promise.all([push.subscribe('shop.*'), push.subscribe('shop.eu'), backend.subscribeGroup('shops')]);
    provider.publish('shop.eu', 1);
    provider.publish('shop-us', 2);
    provider.publish('shop.as', 3);
    await eventually(() => heard).toHaveLength(3);
    expect(heard).toMatchObject([
      { channel: 'shop.eu', data: 1 },
      { channel: 'shop-us', data: 2, subscription: 'shops' },
      { channel: 'shop.as', data: 3, subscription: 'shop.*' },
    ]);
    await backend.unsubscribeGroup('shops');
    provider.publish('shop-us', 4);
    provider.publish('shop.as', 5);
    await eventually(() => heard).toHaveLength(4);
  });

  it('hears a message once that was published twice because the answer got lost', async () => {
    const { provider, push, heard } = await setUp({ PubNub }, { retries: 1 });
    const other = connect(provider, { PubNub, userId: 'server-2' });
    await other.push.subscribe('orders');
    provider.server.always = spoiling('/publish/', resetBeforeAnswer, 1);
    await push.send({ channels: 'orders', data: 1 });
    await push.send({ channels: 'orders', data: 2 });
    await eventually(() => other.heard.map(({ data }) => data)).toEqual([1, 2]);
    expect(provider.messages.map(({ message }) => message)).toHaveLength(3);
    expect(heard).toEqual([]);
  });

  it('drops and logs what it cannot decrypt', async () => {
    const { provider, push, heard, logger } = await setUp({ PubNub, cipherKey: 'keep-this' });
    const stranger = connect(provider, { PubNub, cipherKey: 'another' });
    await push.subscribe('orders');
    await stranger.push.send({ channels: 'orders', data: 1 });
    await push.send({ channels: 'orders', data: 2 });
    await eventually(() => heard).toMatchObject([{ data: 2 }]);
    expect(logger.entries).toMatchObject([{ level: 'warn', details: { channel: 'orders' } }]);
  });

  it('leaves alone what is subscribed to by the SDK itself', async () => {
    const { provider, push, backend, heard } = await setUp({ PubNub });
    const texts: unknown[] = [];
    backend.api.addListener({ message: ({ message }) => texts.push(message) });
    backend.api.subscribe({ channels: ['theirs'] });
    await push.subscribe('orders');
    provider.publish('theirs', 'a');
    provider.publish('orders', 'b');
    await eventually(() => texts).toEqual(['a', 'b']);
    expect(heard.map(({ data }) => data)).toEqual(['b']);
  });

  it('meets a bare client of the SDK on the other side, both ways', async () => {
    const { provider, push, heard } = await setUp({ PubNub });
    const { pubKey: publishKey, subKey: subscribeKey, useSsl: ssl, options } = provider.settings;
    const Sdk = PubNub as unknown as PubNubClass;
    const client = new Sdk({ publishKey, subscribeKey, ssl, origin: options.origin, userId: 'ann' });
    onTestFinished(() => client.destroy());
    const connected = Promise.withResolvers<void>();
    const arrived: unknown[] = [];
    client.addListener({
      status: ({ category }) => category === 'PNConnectedCategory' && connected.resolve(),
      message: ({ message }) => arrived.push(message),
    });
    client.subscribe({ channels: ['orders'] });
    await Promise.all([connected.promise, push.subscribe('orders')]);
    await client.publish({ channel: 'orders', message: { event: 'order.placed', data: [1] } });
    const { id } = await push.send({ event: 'order.shipped', channels: 'orders', data: null });
    await eventually(() => heard).toHaveLength(2);
    expect(heard).toMatchObject([
      { event: 'order.placed', data: [1], userId: 'ann' },
      { event: 'order.shipped', data: null, id },
    ]);
    await eventually(() => arrived).toHaveLength(2);
    expect(arrived[1]).toEqual({ event: 'order.shipped', data: null, id });
  });
});

describe('subscribing to PubNub', () => {
  it('refuses names of groups that PubNub does not take', async () => {
    const { backend, provider } = await setUp({});
    for (const name of ['', 'a.b', 'a b', 'x'.repeat(93)])
      await failureOf(ValidationError, backend.subscribeGroup(name));
    expect(provider.server.requests).toEqual([]);
  });

  it('loops over the messages of a channel', async () => {
    const { provider, push } = await setUp({});
    const messages = push.messages('orders');
    const next = messages.next();
    await eventually(() => provider.counts.get('subscribe')).toBe(2);
    provider.publish('orders', 1);
    expect((await next).value).toMatchObject({ channel: 'orders', data: 1 });
    await messages.return?.();
  });
});
