import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  AuthenticationError,
  DeliveryError,
  RateLimitError,
  TimeoutError,
  UnsupportedOperationError,
  ValidationError,
} from '../../../src/index.js';
import { answering, stalledBody, stalledHeaders, tooManyRequests, wrongJson } from '../../providers/faults.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { start } from './support/start.js';

describe('queries', () => {
  test('list the channels, by prefix and with what is asked of each', async () => {
    const { backend } = await start();
    expect(Object.keys(await backend.channels())).toEqual(['orders', 'presence-room', 'a&b=c#d+e %']);
    expect(await backend.channels({ prefix: 'presence-', info: ['user_count'] })).toEqual({
      'presence-room': { userCount: 2 },
    });
    expect(await backend.channels({ info: 'subscription_count' })).toMatchObject({ orders: { subscriptionCount: 2 } });
  });

  test('ask for the users of presence channels only', async () => {
    const { provider, backend } = await start();
    await failureOf(ValidationError, backend.channels({ info: 'user_count' }));
    await failureOf(ValidationError, backend.channels({ info: ['nonsense' as 'user_count'] }));
    expect(provider.server.requests).toHaveLength(0);
  });

  test('tell about a channel', async () => {
    const { push, backend } = await start();
    expect(await push.channel('presence-room').info()).toEqual({ occupied: true, subscriptionCount: 2, userCount: 2 });
    expect(await backend.channelInfo('orders')).toEqual({ occupied: true, subscriptionCount: 2 });
    expect(await push.channel('presence-room').users()).toEqual(['ann', 'bob']);
    await failureOf(ValidationError, backend.channelUsers('orders'));
  });

  test('tell about a channel of an application that does not count subscriptions, as none does at first', async () => {
    const { provider, push } = await start();
    provider.countsSubscriptions = false;
    const asked = () => provider.server.requests.map(({ query }) => query.get('info'));
    expect(await push.channel('orders').info()).toEqual({ occupied: true });
    expect(await push.channel('presence-room').info()).toEqual({ occupied: true, userCount: 2 });
    expect(asked()).toEqual(['subscription_count', null, 'user_count']);
  });

  test('ask for subscription counts again after some minutes: somebody may have switched them on', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { provider, push } = await start();
    provider.countsSubscriptions = false;
    const channel = push.channel('presence-room');
    expect(await channel.info()).toEqual({ occupied: true, userCount: 2 });
    provider.countsSubscriptions = true;
    vi.advanceTimersByTime(299_000);
    expect(await channel.info()).toEqual({ occupied: true, userCount: 2 });
    vi.advanceTimersByTime(1000);
    expect(await channel.info()).toEqual({ occupied: true, userCount: 2, subscriptionCount: 2 });
    expect(provider.server.requests).toHaveLength(4);
  });

  test('that are refused for another reason fail', async () => {
    const { provider, push } = await start();
    provider.server.always = answering({ status: 400, body: 'Invalid channel\n' });
    const error = await failureOf(DeliveryError, push.channel('orders').info());
    expect(error.message).toBe('Pusher answered 400: Invalid channel');
    expect(provider.server.requests).toHaveLength(1);
  });

  test('and messages that ask for the count themselves are refused with the reason', async () => {
    const { provider, push, backend } = await start();
    provider.countsSubscriptions = false;
    await failureOf(DeliveryError, backend.channels({ info: ['subscription_count'] }));
    const backendOptions = { info: ['subscription_count'] };
    const error = await failureOf(DeliveryError, push.send({ channels: 'orders', data: 1, backendOptions }));
    expect(error.message).toContain('subscription counting is not enabled');
    expect(error.outcome).toBe('rejected');
  });

  test.each(['..', '.', 'a/../b', 'a?b', 'a#b', '', 5, null])(
    'never leave the channels with the name %j',
    async (odd) => {
      const name = odd as string;
      const { provider, backend } = await start();
      await failureOf(ValidationError, backend.channelInfo(name));
      await failureOf(ValidationError, backend.channelUsers(name));
      expect(provider.server.requests).toHaveLength(0);
    },
  );

  test('with an odd answer tell nothing', async () => {
    const { provider, backend } = await start();
    provider.server.always = answering({ body: [] });
    expect(await backend.channels()).toEqual({});
    expect(await backend.channelInfo('a')).toEqual({ occupied: false });
    expect(await backend.channelUsers('presence-a')).toEqual([]);
    provider.server.always = answering({ body: { users: [null, {}, { id: 1 }, { id: 'ann' }] } });
    expect(await backend.channelUsers('presence-a')).toEqual(['ann']);
  });
});

describe('signed requests', () => {
  test.each(['a&b=c#d+e %', 'ä ö', '100%', 'a+b', 'x=y&info=user_count', '日本'])(
    'encode the parameter %j, and are signed as the service expects',
    async (prefix) => {
      const { provider, backend } = await start();
      await backend.get({ path: '/channels', params: { filter_by_prefix: prefix, n: 1, flag: true } });
      const { query } = provider.server.requests[0] ?? {};
      expect([query?.get('filter_by_prefix'), query?.get('n'), query?.get('flag')]).toEqual([prefix, '1', 'true']);
    },
  );

  test('return the JSON of the answer', async () => {
    const { provider, backend } = await start();
    expect(await backend.get({ path: '/channels/orders', params: { info: 'subscription_count' } })).toEqual({
      occupied: true,
      subscription_count: 2,
    });
    const body = { name: 'x', channels: ['a'], data: '1', info: 'subscription_count', at: new Date(0) };
    expect(await backend.post({ path: '/events', body, params: { extra: 'a b' } })).toEqual({
      channels: { a: { subscription_count: 2 } },
    });
    expect(provider.received).toEqual([{ channel: 'a', event: 'x', data: 1 }]);
  });

  test('take both forms that the libraries have, also through the service', async () => {
    const { provider, push, backend } = await start();
    const params = { info: 'subscription_count' };
    const answer = { occupied: true, subscription_count: 2 };
    expect(await backend.get('channels/orders', params)).toEqual(answer);
    expect(await push.get('/channels/orders', params)).toEqual(answer);
    expect(await push.get({ path: '/channels/orders', params })).toEqual(answer);
    await push.post('events', { name: 'x', channels: ['a'], data: '1' }, { extra: 'a b' });
    expect(provider.received).toEqual([{ channel: 'a', event: 'x', data: 1 }]);
    await failureOf(ValidationError, push.get({ path: '/channels', params }, params));
    await failureOf(ValidationError, push.post({ path: '/events', body: {} }, {}));
  });

  test.each([
    '/../../x',
    '/channels/..',
    '/channels/%2e%2E/x',
    '/channels/.',
    '/channels?auth_key=x',
    '/channels#x',
    'channels/..',
    '//evil.example',
    '/a\\b',
    '/a b',
    '/%zz',
    '/%ff',
    '',
    undefined,
  ])('refuse the path %j', async (path) => {
    const { provider, backend } = await start();
    await failureOf(ValidationError, backend.get({ path: path as string }));
    await failureOf(ValidationError, backend.post({ path: path as string, body: {} }));
    expect(provider.server.requests).toHaveLength(0);
  });

  test.each([
    { auth_key: 'x' },
    { auth_signature: 'x' },
    { Body_MD5: 'x' },
    { list: ['x'] },
    { odd: '\ud800' },
    null,
    'info',
  ])('refuse the parameters %j', async (params) => {
    const { provider, backend } = await start();
    await failureOf(ValidationError, backend.get({ path: '/channels', params: params as never }));
    expect(provider.server.requests).toHaveLength(0);
  });

  test('refuse a body that is no object', async () => {
    const { backend } = await start();
    await failureOf(ValidationError, backend.post({ path: '/events', body: 'x' as never }));
    await failureOf(ValidationError, backend.post({ path: '/events', body: [] }));
    await failureOf(ValidationError, backend.post({ path: '/events', body: { n: 1n } }));
    await failureOf(ValidationError, backend.post({ path: '/events', body: { toJSON: () => 1 } }));
  });
});

describe('a query that fails', () => {
  test.each([
    ['headers', stalledHeaders],
    ['body', stalledBody],
  ])('because its %s stall ends at its deadline, and frees its connection', async (_what, fault) => {
    const { provider, backend } = await start({ options: { requestTimeoutMs: 400 } });
    provider.server.faults.push(fault);
    const error = await failureOf(TimeoutError, backend.get({ path: '/channels' }));
    expect(error.message).toBe('Pusher did not answer within 400 ms.');
    expect(await backend.get({ path: '/channels' })).toHaveProperty('channels');
    await expect.poll(() => provider.server.openConnections).toBe(1);
  });

  test('says why, without keys or signature', async () => {
    const { provider, backend } = await start();
    const error = await failureOf(DeliveryError, backend.get({ path: '/nothing' }));
    expect(error.message).toBe('Pusher answered 404: Unknown path /nothing');
    provider.server.faults.push(tooManyRequests('3'), wrongJson);
    const limited = await failureOf(RateLimitError, backend.channels());
    expect(limited.retryAfter).toBe(3000);
    const unreadable = await failureOf(DeliveryError, backend.channels());
    expect(unreadable.message).toContain('is not JSON');
    for (const failure of [error, limited, unreadable]) {
      const shown = everythingShown(failure);
      for (const secret of provider.secrets) expect(shown).not.toContain(secret);
    }
  });

  test('with the wrong secret is an AuthenticationError', async () => {
    const { backend } = await start({ secretKey: 'another-secret-key' });
    const error = await failureOf(AuthenticationError, backend.channels());
    expect(everythingShown(error)).not.toMatch(/another-secret-key|[0-9a-f]{64}/);
  });
});

describe("a user's connections", () => {
  test.each(['ann', 'auth0|a b', 'a/b', '../../x?y=1', 'ä#?&%', '...'])(
    "of %j are ended, and no one else's",
    async (id) => {
      const { provider, backend } = await start();
      await backend.terminateUserConnections(id);
      expect(provider.terminated).toEqual([id]);
      expect(provider.server.requests[0]?.path).toMatch(/^\/apps\/12345\/users\/[^/]+\/terminate_connections$/);
    },
  );

  test('are ended by disconnect({ user }), and those of a session are not: Pusher does not know it', async () => {
    const { provider, push } = await start();
    expect(await push.disconnect({ user: 'ann' })).toBeUndefined();
    await failureOf(UnsupportedOperationError, push.disconnect({ session: { channelId: 'private-session-1' } }));
    expect(provider.terminated).toEqual(['ann']);
  });

  test.each(['', '.', '..', 'u'.repeat(129), 'a\nb', '\ud800', 1])('of %j cannot be ended', async (id) => {
    const { provider, backend } = await start();
    await failureOf(ValidationError, backend.terminateUserConnections(id as string));
    expect(provider.server.requests).toHaveLength(0);
  });
});

describe('sendToUser', () => {
  test('sends to the connections of a user', async () => {
    const { provider, backend } = await start();
    await backend.sendToUser('auth0|a b', 'hello', { n: 1 });
    expect(provider.received).toEqual([{ channel: '#server-to-user-auth0|a b', event: 'hello', data: { n: 1 } }]);
  });

  test('writes the data as the setting encode says, and an empty object without data', async () => {
    const { provider, backend } = await start({ encode: (value) => (value === 1 ? 'one' : value) });
    await backend.sendToUser('ann', 'hello', { n: 1 });
    await backend.sendToUser('ann', 'hello');
    expect(provider.received.map(({ data }) => data)).toEqual([{ n: 'one' }, {}]);
  });

  test.each([
    ['an id', '', 'x', 1],
    ['a traversing id', '..', 'x', 1],
    ['an event', 'ann', '', 1],
    ['a protocol event', 'ann', 'pusher:ping', 1],
    ['a long event', 'ann', 'x'.repeat(201), 1],
    ['data that JSON loses', 'ann', 'x', new Map()],
    ['data that is no JSON', 'ann', 'x', 1n],
    ['data over the limit', 'ann', 'x', 'x'.repeat(10_239)],
  ])('refuses %s that it cannot send', async (_what, id, event, data) => {
    const { provider, backend } = await start();
    await failureOf(ValidationError, backend.sendToUser(id, event, data));
    expect(provider.server.requests).toHaveLength(0);
  });

  test('has a deadline', async () => {
    const { provider, backend } = await start({ options: { requestTimeoutMs: 100 } });
    provider.server.faults.push(stalledBody);
    await failureOf(TimeoutError, backend.sendToUser('ann', 'x', 1));
  });
});
