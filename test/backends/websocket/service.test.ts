import { once } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { RemoteWebSocketService } from '../../../src/backends/remote/index.js';
import { type WebSocketOptions, WebSocketService } from '../../../src/backends/websocket/index.js';
import { ConfigurationError, ValidationError } from '../../../src/core/errors.js';
import { Client } from '../../server/support/client.js';
import { context, credentials, message, portOf, record, startServer } from '../../server/support/server.js';
import { deliver } from '../../support/deliver.js';

function build(options: object): () => WebSocketService {
  return () => new WebSocketService({ ...credentials, options: options as WebSocketOptions });
}

describe('settings', () => {
  it('missing credentials are all named at construction', () => {
    expect(() => new WebSocketService({ pubKey: 'key' })).toThrow(ConfigurationError);
    expect(() => new WebSocketService({ pubKey: 'key' })).toThrow(/"appId", "secretKey"/);
    expect(() => new WebSocketService()).toThrow(/"appId", "pubKey", "secretKey"/);
  });

  it.each<[object, RegExp]>([
    [{ prt: 1 }, /unknown key "prt".*did you mean "port"/],
    [{ secretKey: 'mine' }, /unknown key "secretKey" \(known are port, host, /],
    [{ subscriptionsPerSecond: 0 }, /"subscriptionsPerSecond"/],
    [{ allowedOrigin: [] }, /did you mean "allowedOrigins"/],
    [{ port: 'http' }, /"port" must be of type number, found a string/],
    [{ port: 70_000 }, /"port"/],
    [{ host: '127.0.0.1' }, /"host" needs "port"/],
    [{ port: 6001, metricsHost: '127.0.0.1' }, /"metricsHost" needs "metricsPort"/],
    [{ port: 6001, metricsPort: 6001 }, /"metricsPort" must be another one than "port"/],
    [{ metricsPort: 70_000 }, /"metricsPort"/],
    [{ maxConnections: 0 }, /"maxConnections"/],
    [{ maxEventBytes: 1.5 }, /"maxEventBytes"/],
    [{ activityTimeoutSeconds: 0 }, /"activityTimeoutSeconds"/],
    [{ closeTimeoutMs: 2 ** 31 }, /"closeTimeoutMs"/],
    [{ allowedOrigins: [] }, /"allowedOrigins"/],
    [{ allowedOrigins: ['example.com'] }, /"allowedOrigins.0" must be an origin/],
    [{ allowedOrigins: ['https://example.com/path'] }, /without a path/],
    [{ allowedOrigins: ['https://*'] }, /must be an origin/],
    [{ allowedOrigins: ['https://a.*.com'] }, /must be an origin/],
    [{ publicUrl: 'push.example.com' }, /"publicUrl" must be an address/],
    [{ publicUrl: 'wss://push.example.com/path/' }, /"publicUrl" must be an address/],
    [{ apps: [{ appId: 'b', pubKey: 'b' }] }, /"apps.0.secretKey" must be of type string, found nothing/],
    [{ apps: [{ appId: 'b', pubKey: 'b', secretKey: 'b', enable: true }] }, /"apps.0.enable".*did you mean "enabled"/],
    [{ apps: [{ appId: 'b', pubKey: 'b', secretKey: 'b', prt: 1 }] }, /"apps.0.prt" \(known are appId, /],
    [{ apps: [{ appId: 'app', pubKey: 'b', secretKey: 'b' }] }, /"apps.0.appId" is already used by another/],
    [{ apps: [{ appId: 'b', pubKey: 'key', secretKey: 'b' }] }, /"apps.0.pubKey" is already used by another/],
    [{ webhooks: [{ url: 'ftp://example.com' }] }, /"webhooks.0.url" must be an address such as "https:/],
    [{ webhooks: [{ url: '/webhook' }] }, /"webhooks.0.url" must be an address/],
    [
      { webhooks: [{ url: 'https://user:pass@example.com' }] },
      /without a user and password \(use "headers"\), found a string/,
    ],
    [{ webhooks: [{ url: 'https://example.com', event: [] }] }, /"webhooks.0.event".*did you mean "events"/],
    [
      { webhooks: [{ url: 'https://example.com', events: ['occupied'] }] },
      /"webhooks.0.events.0" must be "channel_occupied" or /,
    ],
    [{ webhooks: [{ url: 'https://example.com', events: [] }] }, /must name an event/],
    [{ webhooks: [{ url: 'https://example.com', channelPrefixes: [] }] }, /must have a prefix/],
    [
      { webhooks: [{ url: 'https://example.com', exceptChannelPrefixes: [] }] },
      /"webhooks.0.exceptChannelPrefixes" must have a prefix/,
    ],
    [{ webhooks: [{ url: 'https://example.com', exceptChannelPrefixes: [''] }] }, /must not be empty/],
    [
      { webhooks: [{ url: 'https://example.com', exceptChannelPrefix: ['a'] }] },
      /"webhooks.0.exceptChannelPrefix".*did you mean "exceptChannelPrefixes"/,
    ],
    [
      { webhooks: [{ url: 'https://example.com', headers: { 'a b': '1' } }] },
      /"webhooks.0.headers" must be an object of header/,
    ],
    [{ webhooks: [{ url: 'https://example.com', headers: { a: 'b\r\nc: d' } }] }, /"webhooks.0.headers"/],
    [{ webhooks: [{ url: 'https://example.com', headers: { a: 1 } }] }, /"webhooks.0.headers"/],
    [
      { webhooks: [{ url: 'https://example.com', headers: { 'Content-Length': '3' } }] },
      /"webhooks.0.headers" must be .* none of which is the connection's own, such as Host/,
    ],
    [
      { webhooks: [{ url: 'https://example.com', headers: { 'transfer-encoding': 'chunked' } }] },
      /the connection's own/,
    ],
    [{ webhooks: [{}] }, /"webhooks.0.url"/],
    [{ webhookBatchMs: 0 }, /"webhookBatchMs"/],
    [{ webhookBatchEvents: 0 }, /"webhookBatchEvents"/],
    [{ webhookBatchEvents: 501 }, /"webhookBatchEvents" must be at most 500/],
    [{ apps: [{ appId: 'b', pubKey: 'b', secretKey: 'b', webhooks: [{ url: 'x' }] }] }, /"apps.0.webhooks.0.url"/],
  ])('the options %j are refused, saying why', (options, words) => {
    expect(build(options)).toThrow(ConfigurationError);
    expect(build(options)).toThrow(words);
  });

  it('no secret shows, neither its own nor of further applications', () => {
    const headers = { Authorization: 'another-secret of a header', 'X-Api-Key': 'another-secret of a webhook' };
    const webhooks = [{ url: 'http://127.0.0.1/', headers }];
    const service = build({ apps: [{ appId: 'b', pubKey: 'b', secretKey: 'another-secret' }], webhooks })();
    for (const text of [
      JSON.stringify(service),
      inspect(service, { depth: 10 }),
      JSON.stringify(service.clientConfig()),
      inspect(service.api),
    ]) {
      expect(text).not.toContain('the-secret');
      expect(text).not.toContain('another-secret');
    }
    expect(JSON.parse(JSON.stringify(service))).toMatchObject({ backend: 'websocket', appId: 'app' });
  });

  it('the capabilities tell of the limits', () => {
    expect(build({})().capabilities).toMatchObject({
      maxPayloadBytes: 10_240,
      maxChannelsPerRequest: Number.POSITIVE_INFINITY,
      subscribe: true,
      presence: true,
      authorize: true,
      except: true,
      webhooks: true,
      idempotent: false,
    });
    expect(build({ maxEventBytes: 5 })().capabilities.maxPayloadBytes).toBe(5);
  });
});

describe('clientConfig', () => {
  it('names the public address, with its port and TLS', () => {
    expect(build({ publicUrl: 'wss://push.example.com' })().clientConfig()).toEqual({
      key: 'key',
      host: 'push.example.com',
      port: 443,
      useTLS: true,
    });
    expect(build({ publicUrl: 'http://push.example.com' })().clientConfig()).toMatchObject({ port: 80, useTLS: false });
    expect(build({ publicUrl: 'wss://push.example.com:8443' })().clientConfig()).toMatchObject({
      port: 8443,
      useTLS: true,
    });
  });

  it('names the port that it listens on, and nothing more where the page knows better', async () => {
    const service = await startServer();
    expect(service.clientConfig()).toEqual({ key: 'key', port: portOf(service), useTLS: false });
    expect(build({})().clientConfig()).toEqual({ key: 'key' });
  });
});

describe('authorisation', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['a socket id of another form', () => build({})().authorizeChannel('1:2', 'private-a'), /socket id/],
    ['a name that no channel can have', () => build({})().authorizeChannel('1.2', 'private-a:b'), /letters, digits/],
    [
      'a name of a presence channel that is too long',
      () => build({})().authorizeChannel('1.2', `presence-${'x'.repeat(160)}`, { id: '1' }),
      /164 characters/,
    ],
    ['no channel at all', () => build({})().authorizeChannel('1.2', undefined as never), /not a channel name/],
    ['a user whose id no channel can have', () => build({})().authenticateUser('1.2', { id: 'a\nb' }), /control/],
    ['a channel that needs none', () => build({})().authorizeChannel('1.2', 'a'), /needs no authorisation/],
    ['a presence channel without a member', () => build({})().authorizeChannel('1.2', 'presence-a'), /pass the member/],
    ['a member without an id', () => build({})().authorizeChannel('1.2', 'presence-a', { id: '' }), /user's id/],
    ['a user whose id is too long', () => build({})().authenticateUser('1.2', { id: 'x'.repeat(129) }), /1 to 128/],
    [
      'a sign-in for another form of socket id',
      () => build({})().authenticateUser('1.2::user::x', { id: '1' }),
      /socket id/,
    ],
  ])('%s is a ValidationError', (_what, authorize, words) => {
    expect(authorize).toThrow(ValidationError);
    expect(authorize).toThrow(words);
  });
});

describe('receiving', () => {
  it('what is published to a subscribed channel comes in, once, until unsubscribed', async () => {
    const service = build({})();
    const { received } = record(service);
    await service.subscribe('a');
    await service.subscribe('a');
    await deliver(service, ['a', 'b'], message('x', { n: 1 }), context);
    await service.unsubscribe('a');
    await service.unsubscribe('never');
    await deliver(service, ['a'], message('y'), context);
    expect(received).toEqual([{ channel: 'a', event: 'x', data: { n: 1 }, id: expect.any(String) }]);
  });

  it('another application on the same server is not heard', async () => {
    const service = await startServer({ apps: [{ appId: 'b', pubKey: 'b', secretKey: 'b' }] });
    const { received } = record(service);
    await service.subscribe('private-a');
    const [client] = [await Client.connect(service, { key: 'b' })];
    const { authFor } = await import('../../../src/pusher-protocol/signature.js');
    await client.subscribe('private-a', {
      auth: authFor(`${client.socketId}:private-a`, { pubKey: 'b', secretKey: 'b' }),
    });
    client.send('client-x', {}, 'private-a');
    await client.settled();
    expect(received).toEqual([]);
  });
});

it.each([
  [{ except: 'junk', backendOptions: undefined }, '"except" must be a socket id such as "1234.5678"'],
  [{ except: undefined, backendOptions: { ttl: 5 } }, 'takes no "backendOptions": leave out "ttl"'],
])('a message with %j is refused', async (options, words) => {
  const service = await startServer();
  const remote = new RemoteWebSocketService({ appId: 'app', pubKey: 'key', secretKey: 'secret' });
  const message = { event: 'a', notification: undefined, ...options };
  expect(() => service.checkMessage(message)).toThrow(words);
  expect(() => remote.checkMessage(message)).toThrow(words);
});

it('lets only connections over TLS in with useSsl', async () => {
  const service = new WebSocketService({ ...credentials, useSsl: true, options: { port: 0, host: '127.0.0.1' } });
  onTestFinished(() => service.close());
  await service.open();
  const [code] = await once(new WebSocket(`ws://127.0.0.1:${portOf(service)}/app/key?protocol=7`), 'close');
  expect(code).toBe(4000);
});

it('channelInfo and channelUsers tell what is known', async () => {
  const service = await startServer();
  const client = await Client.connect(service);
  await client.subscribe('a');
  await client.join(service, 'presence-a', { id: 'ann' });
  expect(await service.channelInfo('a')).toEqual({ occupied: true, subscriptionCount: 1 });
  expect(await service.channelInfo('presence-a')).toEqual({ occupied: true, subscriptionCount: 1, userCount: 1 });
  expect(await service.channelInfo('empty')).toEqual({ occupied: false, subscriptionCount: 0 });
  expect(await service.channelUsers('presence-a')).toEqual(['ann']);
  expect(await service.channelUsers('presence-empty')).toEqual([]);
  await expect(service.channelUsers('a')).rejects.toThrow('Only a presence channel knows its users');
  expect([service.name, service.api.localConnections, await service.api.channels()]).toEqual([
    'websocket',
    1,
    ['a', 'presence-a'],
  ]);
});
