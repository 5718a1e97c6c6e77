import { describe, expect, test } from 'vitest';
import { DeliveryError, ValidationError } from '../../../src/index.js';
import { badGateway } from '../../providers/faults.js';
import { deliverMessages } from '../../support/deliver.js';
import { failureOf } from '../../support/failure-of.js';
import { start } from './support/start.js';

const names = (count: number, prefix = 'c'): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

describe('a message', () => {
  test('goes out signed, as an event of the Channels HTTP API', async () => {
    const { provider, push } = await start();
    const report = await push.send({ event: 'order.shipped', channels: 'orders', data: { orderId: 42, text: '世界' } });
    expect(report.status).toBe('accepted');
    expect(provider.received).toEqual([
      { channel: 'orders', event: 'order.shipped', data: { orderId: 42, text: '世界' } },
    ]);
    expect(provider.server.requests[0]).toMatchObject({ method: 'POST', path: '/apps/12345/events' });
  });

  test('to 250 channels takes three requests, of 100 channels at most', async () => {
    const { provider, push } = await start();
    const report = await push.send({ channels: names(250), data: 1 });
    expect(report.accepted).toHaveLength(250);
    const sizes = provider.server.requests.map(({ body }) => JSON.parse(body).channels.length);
    expect(sizes.sort()).toEqual([100, 100, 50]);
    expect(new Set(provider.received.map(({ channel }) => channel))).toEqual(new Set(names(250)));
  });

  test('leaves out the connection that "except" names', async () => {
    const { provider, push } = await start();
    await push.send({ channels: ['a', 'b'], data: 1, except: '123.456' });
    expect(provider.received.map(({ except }) => except)).toEqual(['123.456', '123.456']);
  });

  test.each([[''], ['0'], [0], [false], [null], [[1, 2]]])('carries the data %j as JSON', async (data) => {
    const { provider, push } = await start();
    await push.send({ channels: 'a', data });
    expect(provider.received).toEqual([{ channel: 'a', event: 'push-event', data }]);
  });

  test.each([
    ['a channel of 165 characters', { channels: 'c'.repeat(165) }],
    ['a channel with a colon', { channels: 'a:b' }],
    ['an empty event', { channels: 'a', event: '' }],
    ['an event of 201 characters', { channels: 'a', event: 'e'.repeat(201) }],
    ['10 241 bytes of data', { channels: 'a', data: 'x'.repeat(10_239) }],
    ['a user id of 129 characters', { channels: `#server-to-user-${'u'.repeat(129)}` }],
    ['a BigInt in the data', { channels: 'a', data: { n: 1n } }],
    ['no channel', { channels: [] }],
    ['an unknown option of the backend', { channels: 'a', backendOptions: { inof: 'user_count' } }],
    ['an unknown attribute', { channels: 'a', backendOptions: { info: 'user_cuont' } }],
    ['no attribute', { channels: 'a', backendOptions: { info: [] } }],
    ['attributes of a wrong type', { channels: 'a', backendOptions: { info: 1 } }],
  ])('with %s is refused before anything is sent', async (_what, message) => {
    const { provider, push } = await start();
    await failureOf(ValidationError, push.send({ data: 1, ...message } as never));
    expect(provider.server.requests).toHaveLength(0);
  });

  test('of 10 240 bytes is taken, and a dedicated cluster may take more', async () => {
    const { provider, push } = await start();
    await push.send({ channels: 'a', data: 'x'.repeat(10_238) });
    expect(provider.received).toHaveLength(1);
    const larger = await start({ options: { maxEventBytes: 20_000 } });
    // This provider is no dedicated cluster.
    const error = await failureOf(DeliveryError, larger.push.send({ channels: 'a', data: 'x'.repeat(15_000) }));
    expect(error.status).toBe(413);
  });

  test('goes to each channel once, also when it is named twice', async () => {
    const { provider, push } = await start();
    await push.send({ channels: ['a', 'a', 'b'], data: 1 });
    expect(provider.received.map(({ channel }) => channel)).toEqual(['a', 'b']);
  });

  test('is sent again with the same body', async () => {
    const { provider, push } = await start({ retries: 1 });
    provider.server.faults.push(badGateway);
    const data = { at: new Date(0), n: 1 };
    const report = await push.send({ channels: ['a', 'b'], data });
    expect(report).toMatchObject({ status: 'accepted', attempts: 2 });
    const [first, second] = provider.server.requests;
    expect(second?.body).toBe(first?.body);
  });

  test('is what the setting encode makes of it', async () => {
    const { provider, push } = await start({
      encode: (value) => (typeof value === 'bigint' ? Number(value) : value),
    });
    await push.send({ channels: ['a', 'private-encrypted-b'], data: { n: 7n } as never });
    expect(provider.received.find(({ channel }) => channel === 'a')?.data).toEqual({ n: 7 });
  });
});

describe('many messages', () => {
  test('go out ten a request', async () => {
    const { provider, push } = await start();
    const reports = await push.sendMany(
      names(25).map((channel, n) => ({ channels: channel, event: 'e', data: { n } })),
    );
    expect(reports.every(({ status }) => status === 'accepted')).toBe(true);
    const sizes = provider.server.requests.map(({ path, body }) => [path, JSON.parse(body).batch.length]);
    expect(sizes.sort((a, b) => a[1] - b[1])).toEqual([
      ['/apps/12345/batch_events', 5],
      ['/apps/12345/batch_events', 10],
      ['/apps/12345/batch_events', 10],
    ]);
    expect(provider.received.map(({ channel, data }) => [channel, data]).sort()).toEqual(
      names(25)
        .map((channel, n) => [channel, { n }])
        .sort(),
    );
  });

  test.each([
    ['a wrong channel', { channels: 'a:b', data: 1 }],
    ['too much data', { channels: 'a', data: 'x'.repeat(1_000_000) }],
  ])('are not sent when one of them has %s', async (_what, message) => {
    const { provider, push } = await start();
    await failureOf(ValidationError, push.sendMany([{ channels: 'a', data: 1 }, message]));
    expect(provider.server.requests).toHaveLength(0);
  });

  test('have each their own "except"', async () => {
    const { provider, push } = await start();
    await push.sendMany([
      { channels: 'a', data: 1, except: '1.2' },
      { channels: 'b', data: 2 },
    ]);
    expect(provider.received.map(({ except }) => except)).toEqual(['1.2', undefined]);
  });
});

describe('what the service tells of channels', () => {
  test('comes back in the report', async () => {
    const { provider, push } = await start();
    const info = ['subscription_count', 'user_count'];
    const report = await push.send({ channels: ['presence-a', 'b'], data: 1, backendOptions: { info } });
    expect(report.info).toEqual({
      'presence-a': { subscriptionCount: 2, userCount: 2 },
      b: { subscriptionCount: 2 },
    });
    expect(JSON.parse(provider.server.requests[0]?.body ?? '').info).toBe('subscription_count,user_count');
  });

  test('comes back for a single channel, and for the messages of a batch', async () => {
    const { push } = await start();
    const backendOptions = { info: 'subscription_count, user_count' };
    const report = await push.send({ channels: 'presence-a', data: 1, backendOptions });
    expect(report.info).toEqual({ 'presence-a': { subscriptionCount: 2, userCount: 2 } });
    const reports = await push.sendMany([
      { channels: 'a', data: 1, backendOptions },
      { channels: 'b', data: 2 },
    ]);
    expect(reports.map(({ info }) => info)).toEqual([{ a: { subscriptionCount: 2 } }, {}]);
  });

  test('is not there when it was not asked for', async () => {
    const { push } = await start();
    expect((await push.send({ channels: ['a', 'b'], data: 1 })).info).toEqual({});
  });
});

describe('messages to users', () => {
  test('have a request each, and reach the channel of the user', async () => {
    const { provider, push } = await start();
    const channels = ['#server-to-user-auth0|a b', '#server-to-user-bob', 'orders'];
    const report = await push.send({ channels, data: { n: 1 } });
    expect(report.accepted).toHaveLength(3);
    expect(provider.received.map(({ channel }) => channel).sort()).toEqual([...channels].sort());
    expect(provider.server.requests).toHaveLength(3);
  });

  test('leave one connection out', async () => {
    const { provider, push } = await start();
    await push.send({ channels: '#server-to-user-ann', data: 1, except: '1.2' });
    expect(provider.received).toEqual([
      { channel: '#server-to-user-ann', event: 'push-event', data: 1, except: '1.2' },
    ]);
  });

  test('that were accepted are not sent again when another one of the batch fails', async () => {
    const { provider, push } = await start({ retries: 1 });
    provider.server.faults.push(undefined, badGateway);
    const channels = ['ann', 'bob', 'eve'].map((id) => `#server-to-user-${id}`);
    const report = await push.send({ channels, data: 1 });
    expect(report).toMatchObject({ status: 'accepted', attempts: 2 });
    // The second one is answered with 502 after it was received.
    expect(provider.received.map(({ channel }) => channel)).toEqual([...channels, channels[1]]);
  });

  test('that were accepted are not sent again when the batch runs into its deadline', async () => {
    const { provider, push } = await start({ retries: 1, timeout: 600 });
    provider.server.faults.push(undefined, () => {});
    const channels = ['ann', 'bob'].map((id) => `#server-to-user-${id}`);
    const report = await push.send({ channels, data: 1 });
    expect(report).toMatchObject({ status: 'accepted', attempts: 2 });
    expect(provider.received.map(({ channel }) => channel)).toEqual([...channels, channels[1]]);
  });

  test('do not make those that share their batch go out twice when they run into the deadline', async () => {
    const { provider, push } = await start({ retries: 1, timeout: 600 });
    provider.server.faults.push(undefined, () => {});
    const reports = await push.sendMany([
      { channels: '#server-to-user-ann', data: 1 },
      { channels: ['a', 'b'], data: 2, backendOptions: { info: 'subscription_count' } },
    ]);
    expect(reports.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
    expect(reports[1]?.info).toEqual({ a: { subscriptionCount: 2 }, b: { subscriptionCount: 2 } });
    const ann = '#server-to-user-ann';
    expect(provider.received.map(({ channel }) => channel)).toEqual(['a', 'b', ann, ann]);
  });

  test('that are handed over a second time, after all of them went out, go out again', async () => {
    const { provider, backend } = await start();
    const { signal } = new AbortController();
    const message = { id: 'id', event: 'x', data: 1, payload: '1' };
    const messages = ['ann', 'bob'].map((id) => ({ channel: `#server-to-user-${id}`, message }));
    for (const _ of [1, 2]) await deliverMessages(backend, messages, { signal });
    expect(provider.received).toHaveLength(4);
  });

  test('share their attempt with others that fail', async () => {
    const { provider, push } = await start();
    provider.server.faults.push(badGateway);
    const [user, other] = await push.sendMany([
      { channels: '#server-to-user-ann', data: 1 },
      { channels: 'a', data: 2 },
    ]);
    expect([user?.status, other?.status]).toEqual(['accepted', 'rejected']);
    expect(provider.server.requests.map(({ path }) => path)).toEqual([
      '/apps/12345/batch_events',
      '/apps/12345/events',
    ]);
  });
});
