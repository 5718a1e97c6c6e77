import { describe, expect, it } from 'vitest';
import { maxBytesBeforeEncryption } from '../../../src/backends/pubnub/names.js';
import { DeliveryError, UnsupportedOperationError, ValidationError } from '../../../src/index.js';
import { failureOf } from '../../support/failure-of.js';
import { sdkVersions } from './support/sdk-versions.js';
import { connect, setUp } from './support/setup.js';

describe.each(sdkVersions)('publishing with version $version of the SDK', ({ PubNub }) => {
  it('posts the message in an envelope, signed, and reports its timetoken', async () => {
    const { provider, push } = await setUp({ PubNub });
    const notification = { title: 'Shipped' };
    const report = await push.send({ event: 'order.shipped', channels: ['orders', 'a.b'], data: [42], notification });
    expect(report.status).toBe('accepted');
    const { id } = report;
    const sent = { event: 'order.shipped', data: [42], id, notification };
    expect(provider.received).toHaveLength(2);
    expect(provider.received).toContainEqual({ channel: 'orders', ...sent });
    expect(provider.received).toContainEqual({ channel: 'a.b', ...sent });
    const stored = provider.messages.find(({ channel }) => channel === 'orders');
    expect(report.info['orders']).toEqual({ timetoken: stored?.timetoken });
    expect(stored?.userId).toBe('server-1');
    expect(stored?.query.get('signature')).toMatch(/^v2\./);
    expect(provider.counts.get('get')).toBeUndefined();
  });

  it.each([[''], [0], [false], [null]])('sends %j, which the SDK alone would take for missing', async (data) => {
    const { provider, push } = await setUp({ PubNub });
    await push.send({ channels: 'orders', data });
    expect(provider.received).toMatchObject([{ event: 'push-event', data }]);
  });

  it('compresses a long message, and sends a short one as it is', async () => {
    const { provider, push } = await setUp({ PubNub });
    const sent = ['x'.repeat(500), 'ä'.repeat(600), 'x'.repeat(20_000)];
    for (const data of sent) await push.send({ channels: 'orders', data });
    expect(provider.received.map(({ data }) => data)).toEqual(sent);
    const [short, ...long] = provider.server.requests;
    expect(short?.headers['content-encoding']).toBeUndefined();
    expect(long.map(({ headers }) => headers['content-encoding'])).toEqual(['deflate', 'deflate']);
  });

  it('works without the secret key, and sends no signature', async () => {
    const { provider, push } = await setUp({ PubNub, token: 'the-token' }, { useSecret: false });
    await push.send({ channels: 'orders', data: 1 });
    expect(provider.messages[0]?.query.get('signature')).toBeNull();
    expect(provider.messages[0]?.query.get('auth')).toBe('the-token');
  });

  it('has as many connections as there are requests at once', async () => {
    const { provider, push } = await setUp({ PubNub }, { concurrency: 30 });
    const channels = Array.from({ length: 120 }, (_, index) => `channel-${index}`);
    expect((await push.send({ channels, data: 1 })).accepted).toHaveLength(120);
    expect(provider.server.mostConnections).toBeGreaterThan(10);
    expect(provider.server.mostConnections).toBeLessThanOrEqual(30);
  });

  it('keeps few connections, and uses them again', async () => {
    const { provider, push } = await setUp({ PubNub, maxSockets: 2 }, { concurrency: 10 });
    const channels = Array.from({ length: 30 }, (_, index) => `orders-${index}`);
    const report = await push.send({ channels, data: 1 });
    expect(report.accepted).toHaveLength(30);
    expect(provider.server.mostConnections).toBeLessThanOrEqual(2);
    expect(provider.server.connections).toBeLessThanOrEqual(2);
  });

  it('learns how long to wait of its own request, also when requests wait for a connection', async () => {
    const { provider, push } = await setUp({ PubNub, maxSockets: 2 }, { concurrency: 10 });
    provider.server.always = (answer, response) => {
      response.writeHead(429, { 'retry-after': '3' }).end(JSON.stringify(answer.body));
    };
    const channels = Array.from({ length: 20 }, (_, index) => `orders-${index}`);
    const failure = await failureOf(DeliveryError, push.send({ channels, data: 1 }));
    expect(failure.report?.rejected.map(({ error }) => Reflect.get(error, 'retryAfter'))).toEqual(
      channels.map(() => 3000),
    );
  });

  it('passes on what a message is to be sent with, over what the options say', async () => {
    const { provider, push } = await setUp({ PubNub, ttl: 24, storeInHistory: true });
    await push.send({ channels: 'orders', data: 1 });
    const meta = { region: 'eu (west)' };
    const backendOptions = { ttl: 1, storeInHistory: false, meta, customMessageType: 'order-news', replicate: false };
    await push.send({ channels: 'orders', data: 1, backendOptions });
    const [first, second] = provider.messages.map(({ query }) => Object.fromEntries(query));
    expect(first).toMatchObject({ ttl: '24', store: '1' });
    expect(second).toMatchObject({
      ttl: '1',
      store: '0',
      meta: JSON.stringify(meta),
      custom_message_type: 'order-news',
      norep: 'true',
    });
  });

  it('sends a signal', async () => {
    const { provider, push } = await setUp({ PubNub });
    const backendOptions = { signal: true, customMessageType: 'typing' };
    const report = await push.send({ event: 'typing', channels: 'orders', data: { user: 'ann' }, backendOptions });
    await push.send({ event: 'idle', channels: 'orders', data: null, backendOptions });
    expect(provider.messages).toMatchObject([
      { isSignal: true, message: { event: 'typing', data: { user: 'ann' } } },
      { isSignal: true, message: { event: 'idle' } },
    ]);
    expect(report.info['orders']).toEqual({ timetoken: provider.messages[0]?.timetoken });
  });

  it.each(['aes-cbc', 'legacy'] as const)(
    'encrypts with %s what it sends, and keeps within the limit',
    async (cryptor) => {
      const { provider, push } = await setUp({ PubNub, cipherKey: 'keep-this', cryptor, maxMessageBytes: 1000 });
      const overhead = JSON.stringify({ event: 'push-event', data: '', id: crypto.randomUUID() }).length;
      const fits = 'x'.repeat(maxBytesBeforeEncryption(1000) - overhead);
      await push.send({ channels: 'orders', data: fits });
      const sent = JSON.stringify(provider.messages[0]?.message);
      expect(sent).toMatch(/^"[A-Za-z0-9+/]+=*"$/);
      expect(sent.length).toBeLessThanOrEqual(1000);
      expect(sent.length).toBeGreaterThan(940);
      await failureOf(ValidationError, push.send({ channels: 'orders', data: `${fits}x` }));
      expect(provider.messages).toHaveLength(1);
    },
  );

  it('decrypts what either cryptor has encrypted', async () => {
    const { provider, push, backend } = await setUp({ PubNub, cipherKey: 'keep-this' });
    const legacy = connect(provider, { PubNub, cipherKey: 'keep-this', cryptor: 'legacy' });
    const stranger = connect(provider, { PubNub, cipherKey: 'another' });
    await push.send({ channels: 'orders', data: 'new' });
    await legacy.push.send({ channels: 'orders', data: 'old' });
    expect((await backend.history('orders')).map(({ data }) => data)).toEqual(['new', 'old']);
    expect((await legacy.backend.history('orders')).map(({ data }) => data)).toEqual(['new', 'old']);
    expect(await stranger.backend.history('orders')).toEqual([]);
  });
});

describe('a message for PubNub', () => {
  const data = 1;

  it.each([
    ['a wildcard', { channels: 'orders.*', data }, /wildcard/],
    ['a space in the name', { channels: 'my orders', data }, /does not take/],
    ['a comma in the name', { channels: 'a,b', data }, /does not take/],
    ['a colon in the name', { channels: 'a:b', data }, /does not take/],
    ['an asterisk in the name', { channels: 'a*', data }, /does not take/],
    ['a slash in the name', { channels: '../a', data }, /does not take/],
    ['a backslash in the name', { channels: 'a\\b', data }, /does not take/],
    ['a period at the end', { channels: 'a.', data }, /does not take/],
    ['a period at the beginning', { channels: '.a', data }, /does not take/],
    ["PubNub's own channel", { channels: 'orders-pnpres', data }, /does not take/],
    ['a long name', { channels: 'x'.repeat(93), data }, /takes 92/],
    ['too much', { channels: 'orders', data: 'x'.repeat(30_000) }, /takes 30000/],
    ['an unknown option', { channels: 'orders', data, backendOptions: { tttl: 1 } }, /"tttl"; did you mean "ttl"/],
    ['a ttl in fractions', { channels: 'orders', data, backendOptions: { ttl: 0.5 } }, /"backendOptions.ttl"/],
    ['meta that is no object', { channels: 'orders', data, backendOptions: { meta: 'x' } }, /"backendOptions.meta"/],
    ['meta with a BigInt', { channels: 'orders', data, backendOptions: { meta: { n: 1n } } }, /"backendOptions.meta"/],
    [
      'a store that is a text',
      { channels: 'orders', data, backendOptions: { storeInHistory: 'no' } },
      /storeInHistory/,
    ],
    ['a type of its own', { channels: 'orders', data, backendOptions: { customMessageType: 'pn-x' } }, /50 letters/],
    [
      'much meta',
      { channels: 'orders', data: 'x'.repeat(29_000), backendOptions: { meta: { m: '€'.repeat(300) } } },
      /with its "meta"/,
    ],
    [
      'a large signal',
      { channels: 'orders', data: 'x'.repeat(60), backendOptions: { signal: true } },
      /PubNub takes 64/,
    ],
    [
      'a stored signal',
      { channels: 'orders', data, backendOptions: { signal: true, ttl: 1 } },
      /A signal has no "ttl"/,
    ],
    [
      'a signal with a notification',
      { channels: 'orders', data, notification: { title: 'x' }, backendOptions: { signal: true } },
      /no room/,
    ],
  ])('is refused before anything is sent: %s', async (_what, message, says) => {
    const { provider, push } = await setUp({});
    const failure = await failureOf(ValidationError, push.send(message));
    expect(failure.message).toMatch(says);
    expect(provider.server.requests).toEqual([]);
  });

  it('takes names with periods, 92 characters and other alphabets', async () => {
    const { provider, push } = await setUp({});
    const channels = ['shop.eu.orders', 'x'.repeat(92), 'größe_42-ü', '注文'];
    await push.send({ channels, data });
    expect(provider.received.map(({ channel }) => channel).sort()).toEqual([...channels].sort());
  });

  it('takes what comes close to the limits', async () => {
    const { provider, push } = await setUp({});
    const backendOptions = { meta: { region: 'eu' } };
    await push.send({ channels: 'orders', data: 'x'.repeat(29_000), backendOptions });
    expect(provider.messages).toHaveLength(1);
  });

  it('cannot leave one connection out', async () => {
    const { push } = await setUp({});
    await failureOf(UnsupportedOperationError, push.send({ channels: 'orders', data, except: '1.2' }));
  });
});
