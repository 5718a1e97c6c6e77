import { createServer } from 'node:http';
import PusherModule from 'pusher-js';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocketService } from '../../src/backends/websocket/index.js';
import { PushClient } from '../../src/client/index.js';
import { ConfigurationError, createPushService } from '../../src/index.js';
import { pathBelow } from '../../src/server/path-below.js';
import { failureOf } from '../support/failure-of.js';
import { listenInTest } from '../support/test-server.js';
import { startPrefixProxy } from './support/prefix-proxy.js';
import { credentials } from './support/server.js';

/** The types of the package describe an ES module, and Node loads a CommonJS one. */
const PusherJs = PusherModule as unknown as typeof PusherModule.default;
const appPath = `/apps/${encodeURIComponent(credentials.appId)}`;

/** A server of the application, with an embedded server below `/ws`; what is left to the application is counted. */
async function attachedBelow() {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.url ?? '');
    response.end('mine');
  });
  const port = await listenInTest(server);
  const push = createPushService({
    backend: 'websocket',
    ...credentials,
    options: { path: '/ws', closeTimeoutMs: 200 },
  });
  onTestFinished(() => push.close());
  push.backend.attach(server);
  return { push, port, seen };
}

describe('a server below a path', () => {
  test('serves pages by their configuration, and others by the backend remote', async () => {
    const { push, port } = await attachedBelow();
    const options = { host: '127.0.0.1', port, path: '/ws' };
    const worker = createPushService({ backend: 'remote', ...credentials, options });
    onTestFinished(() => worker.close());
    const config = await push.clientConfig();
    expect(config.path).toBe('/ws');
    const client = new PushClient({ ...config, host: '127.0.0.1', port, useTLS: false }, { Pusher: PusherJs });
    onTestFinished(() => client.disconnect());
    const heard: unknown[] = [];
    client.bind('shipped', (data) => void heard.push(data));
    const subscribed = new Promise<void>((resolve) => client.onSubscribed(() => resolve()));
    client.subscribe('orders');
    client.connect();
    await subscribed;
    await worker.send({ channels: 'orders', event: 'shipped', data: 42 });
    await vi.waitFor(() => expect(heard).toEqual([42]));
  });

  test('leaves every other path to the application', async () => {
    const { port, seen } = await attachedBelow();
    for (const path of [`${appPath}/channels`, '/ws', '/wsx/apps/1/channels', `/x/ws${appPath}/channels`]) {
      expect(await (await fetch(`http://127.0.0.1:${port}${path}`)).text()).toBe('mine');
    }
    expect(seen).toHaveLength(4);
    const unsigned = await fetch(`http://127.0.0.1:${port}/ws${appPath}/channels`);
    expect(unsigned.status).toBe(401);
    expect(seen).toHaveLength(4);
  });
});

test('on a port of its own, a server takes its paths with and without the prefix', async () => {
  const push = createPushService({
    backend: 'websocket',
    ...credentials,
    options: { path: '/app', port: 0, host: '127.0.0.1' },
  });
  onTestFinished(() => push.close());
  await push.ready();
  const port = push.backend.address?.port ?? 0;
  for (const path of ['/app', undefined]) {
    const worker = createPushService({ backend: 'remote', ...credentials, options: { port, path } });
    onTestFinished(() => worker.close());
    await worker.subscribe('orders');
    expect((await worker.send({ channels: 'orders', data: 1 })).status).toBe('accepted');
  }
});

describe('the address for pages', () => {
  function publicAddress(options: { publicUrl?: string; path?: string }): unknown {
    const { key: _key, ...address } = new WebSocketService({ ...credentials, options })
      .attach(createServer())
      .clientConfig();
    return address;
  }

  test.each([
    [{ publicUrl: 'wss://push.example.com' }, { host: 'push.example.com', port: 443, useTLS: true }],
    [{ publicUrl: 'wss://example.com/ws' }, { host: 'example.com', port: 443, useTLS: true, path: '/ws' }],
    [{ publicUrl: 'https://example.com:8443/a/b' }, { host: 'example.com', port: 8443, useTLS: true, path: '/a/b' }],
    [
      { publicUrl: 'wss://example.com', path: '/ws' },
      { host: 'example.com', port: 443, useTLS: true, path: '/ws' },
    ],
    [
      { publicUrl: 'wss://example.com/out', path: '/in' },
      { host: 'example.com', port: 443, useTLS: true, path: '/out' },
    ],
    [{ path: '/ws' }, { path: '/ws' }],
    [{}, {}],
  ])('of %j is %j', (options, address) => {
    expect(publicAddress(options)).toEqual(address);
  });

  test.each([
    'wss://example.com/ws/',
    'wss://example.com//ws',
    'wss://example.com/ws?x=1',
    'wss://u@example.com/ws',
    'wss://:p@example.com',
  ])('cannot be %s', async (publicUrl) => {
    const error = await failureOf(
      ConfigurationError,
      () => new WebSocketService({ ...credentials, options: { publicUrl } }),
    );
    expect(error.message).toContain(
      '"publicUrl" must be an address such as "wss://push.example.com" or "wss://example.com/ws"',
    );
  });
});

test('a proxy that takes the path off needs only the public address', async () => {
  const push = createPushService({ backend: 'websocket', ...credentials, options: { port: 0, host: '127.0.0.1' } });
  onTestFinished(() => push.close());
  await push.ready();
  const proxy = await startPrefixProxy('/ws', push.backend.address?.port ?? 0);
  const pusher = new PusherJs(credentials.pubKey, {
    cluster: '',
    wsHost: '127.0.0.1',
    wsPort: proxy.port,
    wsPath: '/ws',
    forceTLS: false,
    enabledTransports: ['ws'],
  });
  onTestFinished(() => pusher.disconnect());
  await new Promise<void>((resolve) => pusher.connection.bind('connected', () => resolve()));
  expect(proxy.paths).toEqual([`/ws/app/${credentials.pubKey}`]);
});

test('what is below a prefix', () => {
  expect(pathBelow('/ws', '/ws/app/key?protocol=7')).toBe('/app/key?protocol=7');
  expect(pathBelow('', '/app/key')).toBe('/app/key');
  for (const url of ['/ws', '/wsx/app', '/WS/app', '/', '', undefined]) expect(pathBelow('/ws', url)).toBeUndefined();
});
