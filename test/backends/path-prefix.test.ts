import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ConfigurationError, createPushService, type IncomingMessage, type PushService } from '../../src/index.js';
import { startPrefixProxy } from '../server/support/prefix-proxy.js';
import { credentials, portOf, startServer } from '../server/support/server.js';
import { failureOf } from '../support/failure-of.js';

/** An embedded server behind a proxy that serves it under `/ws`. */
async function behindProxy() {
  const server = await startServer();
  const proxy = await startPrefixProxy('/ws', portOf(server));
  return { proxy, options: { host: '127.0.0.1', port: proxy.port, path: '/ws' } };
}

function open(push: PushService): PushService {
  onTestFinished(() => push.close());
  return push;
}

const appId = encodeURIComponent(credentials.appId);

describe.each(['remote', 'pusher'] as const)('%s, where a proxy serves the server under a path', (backend) => {
  test('sends, asks and hears, with the prefix before every path and in no signature', async () => {
    const { proxy, options } = await behindProxy();
    const push = open(createPushService({ backend, ...credentials, useSsl: false, options }));
    const heard: IncomingMessage[] = [];
    push.on('messageReceived', (message) => void heard.push(message));
    await push.subscribe('private-orders');
    const { status } = await push.send({ channels: 'private-orders', event: 'shipped', data: { id: 42 } });
    const reports = await push.sendMany([
      { channels: 'private-orders', event: 'paid', data: 1 },
      { channels: 'private-orders', event: 'paid', data: 2 },
    ]);
    expect([status, ...reports.map((report) => report.status)]).toEqual(['accepted', 'accepted', 'accepted']);
    await vi.waitFor(() => expect(heard.map(({ data }) => data)).toEqual([{ id: 42 }, 1, 2]));
    expect(await push.channel('private-orders').info()).toMatchObject({ occupied: true });
    expect(new Set(proxy.paths)).toEqual(
      new Set([
        `/ws/app/${credentials.pubKey}`,
        `/ws/apps/${appId}/events`,
        `/ws/apps/${appId}/batch_events`,
        `/ws/apps/${appId}/channels/private-orders`,
      ]),
    );
  });

  test('tells pages the path', async () => {
    const push = open(
      createPushService({
        backend,
        ...credentials,
        useSsl: false,
        options: { host: 'a.example', port: 80, path: '/ws' },
      }),
    );
    expect(await push.clientConfig()).toMatchObject({ host: 'a.example', port: 80, path: '/ws' });
  });

  test.each(['ws', '/ws/', '//ws', '/', '', '/a/../b', '/a/%2e%2E', '/a?b', '/a#b', '/a\\b', '/a b', '/%zz'])(
    'refuses the path %j',
    async (path) => {
      const settings = { backend, ...credentials, options: { host: 'a.example', path } } as const;
      const error = await failureOf(ConfigurationError, () => createPushService(settings));
      expect(error.message).toContain(
        '"path" must be a path such as "/ws", that begins with "/" and does not end with one',
      );
    },
  );
});

test.each([
  [{ cluster: 'eu', path: '/ws' }, '"path" needs "host"'],
  [{ cluster: 'eu', wsPath: '/ws' }, '"wsPath" needs "host"'],
])('pusher refuses %j, because a cluster has no other paths', async (options, words) => {
  const error = await failureOf(ConfigurationError, () =>
    createPushService({ backend: 'pusher', ...credentials, options }),
  );
  expect(error.message).toContain(words);
});

test('pusher: the WebSockets may have a path of their own', async () => {
  const options = { host: 'a.example', path: '/api', wsPath: '/ws' };
  const push = open(createPushService({ backend: 'pusher', ...credentials, options }));
  expect(await push.clientConfig()).toMatchObject({ host: 'a.example', path: '/ws' });
  const other = open(
    createPushService({ backend: 'pusher', ...credentials, options: { ...options, wsHost: 'b.example' } }),
  );
  expect(await other.clientConfig()).toMatchObject({ host: 'b.example', path: '/ws' });
});
