import { describe, expect, it, onTestFinished } from 'vitest';
import { type RemoteWebSocketOptions, RemoteWebSocketService } from '../../../src/backends/remote/index.js';
import { ConfigurationError, createPushService } from '../../../src/index.js';
import { Client } from '../../server/support/client.js';
import { context, credentials, message, portOf, startServer } from '../../server/support/server.js';
import { deliver } from '../../support/deliver.js';
import { failureOf } from '../../support/failure-of.js';

describe('the address for pages', () => {
  function remoteWith(options: RemoteWebSocketOptions, useSsl = false): RemoteWebSocketService {
    return new RemoteWebSocketService({
      ...credentials,
      useSsl,
      options: { host: '10.0.0.5', port: 6001, ...options },
    });
  }

  it.each<[RemoteWebSocketOptions, object]>([
    [{}, { host: '10.0.0.5', port: 6001, useTLS: false }],
    [{ port: '6001' as unknown as number }, { host: '10.0.0.5', port: 6001, useTLS: false }],
    [{ publicUrl: 'wss://push.example.com' }, { host: 'push.example.com', port: 443, useTLS: true }],
    [{ publicUrl: 'http://push.example.com' }, { host: 'push.example.com', port: 80, useTLS: false }],
    [{ publicUrl: 'https://example.com:8443/a/b' }, { host: 'example.com', port: 8443, useTLS: true, path: '/a/b' }],
    [
      { publicUrl: 'wss://example.com', path: '/ws' },
      { host: 'example.com', port: 443, useTLS: true, path: '/ws' },
    ],
    [
      { publicUrl: 'wss://example.com/out', path: '/in' },
      { host: 'example.com', port: 443, useTLS: true, path: '/out' },
    ],
  ])('of %j is %j', (options, address) => {
    expect(remoteWith(options).clientConfig()).toEqual({ key: 'key', ...address });
  });

  it('is with or without TLS whatever the server is reached by', () => {
    const config = remoteWith({ publicUrl: 'ws://push.example.com' }, true).clientConfig();
    expect(config).toMatchObject({ host: 'push.example.com', port: 80, useTLS: false });
  });

  it('is part of a DSN', async () => {
    const publicUrl = encodeURIComponent('https://push.example.com');
    const push = createPushService(`remote://k:s@1001?host=10.0.0.5&port=6001&publicUrl=${publicUrl}`);
    onTestFinished(() => push.close());
    expect(await push.clientConfig({ session: { channelId: 'c' } })).toMatchObject({
      backend: 'remote',
      host: 'push.example.com',
      port: 443,
      useTLS: true,
    });
  });

  it('is not the one that it publishes to', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    const remote = remoteWith({ host: '127.0.0.1', port: portOf(service), publicUrl: 'wss://push.example.com/ws' });
    onTestFinished(() => remote.close());
    expect(remote.address).toBe(`http://127.0.0.1:${portOf(service)}`);
    await deliver(remote, ['a'], message('one'), context);
    expect((await client.settled()).map(({ event }) => event)).toEqual(['one']);
  });

  it.each([
    'push.example.com',
    'ftp://example.com',
    'wss://example.com/ws/',
    'wss://example.com?x=1',
    'wss://u:p@a.b',
    '',
  ])('cannot be %j', async (publicUrl) => {
    const error = await failureOf(ConfigurationError, () => remoteWith({ publicUrl }));
    expect(error.message).toContain(
      '"publicUrl" must be an address such as "wss://push.example.com" or "wss://example.com/ws"',
    );
  });
});
