import { describe, expect, it, onTestFinished } from 'vitest';
import { ValidationError } from '../../../src/index.js';
import { failureOf } from '../../support/failure-of.js';
import { start } from './support/start.js';

const subscription = '1dd608f2-c6a1-41e3-851d-000c2940e62c';
const deadSubscription = 'dead08f2-c6a1-41e3-851d-000c2940e62c';

describe('a message', () => {
  it('goes to users by their external ids, with its event, its id and its data', async () => {
    const { push, provider, requests } = await start(onTestFinished);
    const report = await push.send({ event: 'order.shipped', users: [{ id: 'ann' }, 'bob'], data: { orderId: 42 } });
    expect(report.status).toBe('accepted');
    expect(provider.received).toEqual(
      ['ann', 'bob'].map((channel) => ({ channel, event: 'order.shipped', data: { orderId: 42 }, id: report.id })),
    );
    expect(requests()).toMatchObject([
      { include_aliases: { external_id: ['ann', 'bob'] }, target_channel: 'push', app_id: push.backend.appId },
    ]);
  });

  it('tells the id of its notification for each channel, also for a single one', async () => {
    const { push, provider } = await start(onTestFinished);
    const { info } = await push.send({ channels: ['ann', 'bob'], data: 1 });
    const single = await push.send({ channels: 'ann', data: 2 });
    const [first, second] = provider.notifications.keys();
    expect(info).toEqual({ ann: { notificationId: first }, bob: { notificationId: first } });
    expect(single.info).toEqual({ ann: { notificationId: second } });
  });

  it('without a notification is a silent one of data alone, with the priority that Apple demands', async () => {
    const { requestOf } = await start(onTestFinished);
    const request = await requestOf({});
    expect(request).toMatchObject({ content_available: true, priority: 5 });
    expect(Object.keys(request)).not.toContain('contents');
    expect(await requestOf({ priority: 10 })).toMatchObject({ priority: 10 });
  });

  it.each([
    [null],
    ['text'],
    [[1, { a: [] }]],
    [{ notification: 'mine', app_id: 'other' }],
    [{ __proto__: null, 'a"b': 'ü\u2028' }],
  ])('carries the data %j as it is', async (data) => {
    const { push, provider } = await start(onTestFinished);
    await push.send({ event: 'a"b', channels: 'ann', data });
    expect(provider.received).toMatchObject([{ event: 'a"b', data }]);
  });

  it('takes data up to its limit, which is OneSignal’s or the option’s, and sends nothing past it', async () => {
    const { push, provider } = await start(onTestFinished);
    const around = Buffer.byteLength('{"event":"push-event","id":"","data":""}') + 36;
    await push.send({ channels: 'ann', data: 'x'.repeat(2048 - around) });
    const failure = await failureOf(ValidationError, push.send({ channels: 'ann', data: 'x'.repeat(2049 - around) }));
    expect(failure.message).toContain('"data" takes 2049 bytes as JSON; the onesignal backend takes 2048.');
    expect(provider.server.requests).toHaveLength(1);
    const small = await start(onTestFinished, { options: { maxDataBytes: 100 } });
    await failureOf(ValidationError, small.push.send({ channels: 'ann', data: 'x'.repeat(100) }));
    expect(small.provider.server.requests).toEqual([]);
  });
});

describe('recipients', () => {
  it('are 20 000 in one request, and 20 001 in two with different keys', async () => {
    const { push, provider, requests } = await start(onTestFinished);
    const users = Array.from({ length: 20_001 }, (_, index) => `user-${index}`);
    const report = await push.send({ users: users.slice(0, 20_000), data: null });
    expect(report).toMatchObject({ status: 'accepted', attempts: 1 });
    expect(provider.received).toHaveLength(20_000);
    await push.send({ users, data: null });
    expect(provider.received).toHaveLength(40_001);
    const keys = requests().map((request) => request['idempotency_key']);
    expect(new Set(keys).size).toBe(3);
  });

  it('may be other aliases, and what a channel stands for', async () => {
    const { push, provider, requests } = await start(onTestFinished, {
      options: { aliasLabel: 'crm_id', recipient: (channel) => channel.replace(/^user-|-(phone|web)$/g, '') },
    });
    const report = await push.send({ channels: ['user-ann-phone', 'user-ann-web', 'user-opted-out'], data: null });
    expect(requests()).toMatchObject([{ include_aliases: { crm_id: ['ann', 'opted-out'] } }]);
    expect(report.accepted).toEqual(['user-ann-phone', 'user-ann-web']);
    expect(report.rejected).toMatchObject([
      { channel: 'user-opted-out', error: { outcome: 'unknown', retryable: false } },
    ]);
    expect(provider.received.map(({ channel }) => channel)).toEqual(['ann']);
  });

  it('may be subscriptions', async () => {
    const { push, requests } = await start(onTestFinished, { options: { target: 'subscriptions' } });
    const report = await push.send({ channels: [subscription, deadSubscription], data: null });
    expect(report).toMatchObject({ accepted: [subscription], rejected: [{ channel: deadSubscription }] });
    const [request = {}] = requests();
    expect(request['include_subscription_ids']).toEqual([subscription, deadSubscription]);
    expect(Object.keys(request)).not.toContain('include_aliases');
    expect(Object.keys(request)).not.toContain('target_channel');
    const failure = await failureOf(ValidationError, push.send({ channels: 'ann', data: null }));
    expect(failure.message).toBe('"ann" is not a subscription id, because it is no UUID.');
    expect(requests()).toHaveLength(1);
  });

  it('may be segments, which are named together, with some left out', async () => {
    const { push, requests } = await start(onTestFinished, { options: { target: 'segments' } });
    await push.send({ channels: ['Buyers', 'Sellers'], data: null, backendOptions: { excludedSegments: ['Staff'] } });
    expect(requests()).toMatchObject([{ included_segments: ['Buyers', 'Sellers'], excluded_segments: ['Staff'] }]);
    expect(push.backend.capabilities.maxChannelsPerRequest).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no such user');
      },
      'The option "recipient" failed for the channel "ann".',
    ],
    ['returns nothing', () => '', 'The option "recipient" returned no name for the channel "ann".'],
  ])('are not made of a function that %s', async (_what, recipient, message) => {
    const { push, provider } = await start(onTestFinished, { options: { recipient } });
    const failure = await failureOf(ValidationError, push.send({ channels: 'ann', data: null }));
    expect(failure.message).toBe(message);
    expect(provider.server.requests).toEqual([]);
  });
});
