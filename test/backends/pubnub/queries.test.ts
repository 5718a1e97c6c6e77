import { describe, expect, it } from 'vitest';
import {
  AuthenticationError,
  ConfigurationError,
  DeliveryError,
  RateLimitError,
  ValidationError,
} from '../../../src/index.js';
import { answering, resetBeforeAnswer, tooManyRequests, wrongJson } from '../../providers/faults.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { sdkVersions } from './support/sdk-versions.js';
import { setUp } from './support/setup.js';

describe.each(sdkVersions)('asking PubNub with version $version of the SDK', ({ PubNub }) => {
  it('tells who is on a channel', async () => {
    const { provider, push } = await setUp({ PubNub });
    expect(await push.channel('orders').info()).toEqual({ occupied: false, userCount: 0 });
    expect(await push.channel('orders').users()).toEqual([]);
    provider.present.set('orders', new Set(['ann', 'ben']));
    expect(await push.channel('orders').info()).toEqual({ occupied: true, userCount: 2 });
    expect(await push.channel('orders').users()).toEqual(['ann', 'ben']);
  });

  it('lists more users than one request gives', async () => {
    const { provider, backend } = await setUp({ PubNub });
    const users = Array.from({ length: 2100 }, (_, index) => `user-${index}`);
    provider.present.set('orders', new Set(users));
    expect(await backend.channelUsers('orders')).toEqual(users);
    expect(provider.counts.get('presence')).toBe(3);
  });

  it('reads stored messages, the oldest first, in parts', async () => {
    const { provider, push, backend } = await setUp({ PubNub });
    await push.send({ event: 'order.shipped', channels: 'größe', data: 1 });
    provider.publish('größe', 'raw');
    const { id } = await push.send({ channels: 'größe', data: 3 });
    const all = await backend.history('größe');
    expect(all).toMatchObject([
      { channel: 'größe', event: 'order.shipped', data: 1, userId: 'server-1' },
      { event: 'message', data: 'raw', userId: 'someone' },
      { event: 'push-event', data: 3, id, timetoken: provider.messages[2]?.timetoken },
    ]);
    const [first, second] = all;
    const latest = await backend.history('größe', { count: 1 });
    expect(latest).toEqual(all.slice(2));
    expect(await backend.history('größe', { start: second?.timetoken ?? '' })).toEqual(all.slice(0, 1));
    expect(await backend.history('größe', { end: second?.timetoken ?? '' })).toEqual(all.slice(1));
    expect(await backend.history('größe', { start: first?.timetoken ?? '' })).toEqual([]);
  });

  it('grants a token, signed with the secret key', async () => {
    const { provider, backend } = await setUp({ PubNub });
    const token = await backend.grantToken({
      userId: 'ann',
      ttlMinutes: 60,
      channels: ['orders'],
      groups: { shops: { read: true, manage: true } },
      patterns: { '^ann-.*$': { read: true, write: true } },
      meta: { plan: 'gold' },
    });
    expect(JSON.parse(Buffer.from(token, 'base64url').toString())).toMatchObject({
      ttl: 60,
      permissions: {
        uuid: 'ann',
        resources: { channels: { orders: 1 }, groups: { shops: 5 } },
        patterns: { channels: { '^ann-.*$': 3 } },
        meta: { plan: 'gold' },
      },
    });
    const request = provider.server.requests[0];
    expect(request?.query.get('signature')).toMatch(/^v2\./);
    expect(request?.query.get('auth')).toBeNull();
    const refused = await failureOf(
      AuthenticationError,
      backend.grantToken({ userId: 'nobody', ttlMinutes: 1, channels: ['a'] }),
    );
    expect(refused.message).toMatch(/403: Unknown user/);
  });

  it('tells what is wrong with a grant', async () => {
    const { provider, backend } = await setUp({ PubNub });
    const details = [
      { message: 'Client and server produced different signatures for the same inputs.', location: 'signature' },
      { message: 'Look at it.' },
      null,
    ];
    const error = { message: 'Invalid signature', source: 'grant', details };
    provider.server.always = answering({ status: 400, body: { status: 400, service: 'Access Manager', error } });
    const failure = await failureOf(DeliveryError, backend.grantToken({ ttlMinutes: 1, channels: ['a'] }));
    expect(failure.message).toBe(
      'PubNub answered 400: Invalid signature; Client and server produced different signatures for the same inputs. (signature); Look at it.',
    );
  });

  it('authorises a client for one channel by a token', async () => {
    const { provider, push } = await setUp({ PubNub, tokenTtlMinutes: 5 });
    const { auth } = await push.channel('orders').authorize('ann', { id: 'ann' });
    expect(JSON.parse(Buffer.from(auth, 'base64url').toString())).toMatchObject({
      ttl: 5,
      permissions: { uuid: 'ann', resources: { channels: { orders: 1 } } },
    });
    await failureOf(ValidationError, push.channel('orders').authorize('ann', { id: 'ben' }));
    for (const nobody of [undefined, '', 5, null])
      await failureOf(ValidationError, push.channel('orders').authorize(nobody as never));
    expect(provider.server.requests).toHaveLength(1);
  });

  it('tells failures apart as for messages', async () => {
    const { provider, backend } = await setUp({ PubNub });
    provider.server.faults.push(
      tooManyRequests('2'),
      resetBeforeAnswer,
      wrongJson,
      answering({
        status: 400,
        body: { status: 400, error: true, error_message: 'Use of the history API requires it.' },
      }),
    );
    expect(await failureOf(RateLimitError, backend.history('orders'))).toMatchObject({ retryAfter: 2000 });
    const reset = await failureOf(DeliveryError, backend.channelUsers('orders'));
    expect(reset.retryable).toBe(true);
    expect(everythingShown(reset)).not.toMatch(/signature=(?!\[)/);
    expect((await failureOf(DeliveryError, backend.channelInfo('orders'))).message).toMatch(/"origin"/);
    expect((await failureOf(DeliveryError, backend.history('orders'))).message).toMatch(/400: Use of the history/);
  });
});

const notEnabled =
  'Use of the history API requires the Storage & Playback which is not enabled for this subscribe key.';
const told = (status: number, reason: object) => ({ status, error: true, service: 'Presence', ...reason });

describe.each(sdkVersions)('an answer with status 200 that is a refusal, with version $version', ({ PubNub }) => {
  it.each([
    [DeliveryError, false, 402, { message: 'Presence is not enabled' }],
    [AuthenticationError, false, 403, { message: 'Forbidden', service: 'Access Manager' }],
    [RateLimitError, true, 429, { message: 'Too Many Requests' }],
    [DeliveryError, true, 503, { message: 'Service Unavailable' }],
    [DeliveryError, false, 400, { error_message: 'Invalid Arguments', channels: {} }],
  ])('is a %o, retryable: %s, where its body says %i', async (kind, retryable, status, reason) => {
    const { provider, backend } = await setUp({ PubNub });
    provider.server.always = answering({ body: told(status, reason) });
    const words = `PubNub answered ${status}: ${Object.values(reason)[0]}`;
    for (const asking of [backend.channelInfo('a'), backend.channelUsers('a'), backend.history('a')])
      expect(await failureOf(kind, asking)).toMatchObject({ status, retryable, message: words });
  });

  it.each([[[notEnabled, 0, 0]], [[[notEnabled], 0, 0]]])('is no empty history in the form %j', async (body) => {
    const { provider, backend } = await setUp({ PubNub });
    provider.server.always = answering({ body });
    const failure = await failureOf(DeliveryError, backend.history('orders'));
    expect(failure).toMatchObject({ outcome: 'rejected', retryable: false, status: 200 });
    expect(failure.message).toBe(`PubNub refused the request: ${notEnabled}`);
  });
});

describe('a question that PubNub would not take', () => {
  it.each([
    [{ ttlMinutes: 0, channels: ['a'] }, /"ttlMinutes"/],
    [{ ttlMinutes: 43_201, channels: ['a'] }, /"ttlMinutes"/],
    [{ ttlMinutes: 1.5, channels: ['a'] }, /"ttlMinutes"/],
    [{ ttlMinutes: 1 }, /name "channels", "groups" or "patterns"/],
    [{ ttlMinutes: 1, channels: [] }, /name "channels"/],
    [{ ttlMinutes: 1, channels: ['a b'] }, /does not take/],
    [{ ttlMinutes: 1, groups: ['a.b'] }, /is not the name of a channel group/],
    [{ ttlMinutes: 1, patterns: ['('] }, /is not a regular expression/],
    [{ ttlMinutes: 1, channels: ['a'], userId: ' ' }, /"userId"/],
    [{ ttlMinutes: 1, channels: { a: { raed: true } } }, /"raed" of "a" must be one of read/],
    [{ ttlMinutes: 1, channels: { a: { read: 'yes' } } }, /"read" of "a"/],
  ])('is refused: a token for %j', async (grant, says) => {
    const { provider, backend } = await setUp({});
    const failure = await failureOf(ValidationError, backend.grantToken(grant as never));
    expect(failure.message).toMatch(says);
    expect(provider.server.requests).toEqual([]);
  });

  it.each([[{ count: 0 }], [{ count: 101 }], [{ start: 'yesterday' }], [{ end: '-1' }]])(
    'is refused: stored messages of %j',
    async (range) => {
      const { provider, backend } = await setUp({});
      await failureOf(ValidationError, backend.history('orders', range));
      expect(provider.server.requests).toEqual([]);
    },
  );

  it('needs the secret key for a token', async () => {
    const { backend } = await setUp({}, { useSecret: false });
    const failure = await failureOf(ConfigurationError, backend.grantToken({ ttlMinutes: 1, channels: ['a'] }));
    expect(failure.message).toMatch(/"secretKey"/);
    expect(backend.capabilities.authorize).toBe(false);
  });
});
