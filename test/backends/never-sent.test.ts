import { createServer, type Server as NetServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RemoteWebSocketService } from '../../src/backends/remote/index.js';
import {
  type BackendSettings,
  createPushService,
  DeliveryError,
  type PushServerSettings,
  PushServiceWrapper,
} from '../../src/index.js';
import { ProviderServer } from '../providers/provider-server.js';
import { everythingShown } from '../support/everything-shown.js';
import { failureOf } from '../support/failure-of.js';
import { listen } from '../support/ports.js';
import { RecordingBackend } from '../support/recording-backend.js';

const keys = { appId: '12345', pubKey: 'the-key', subKey: 'the-key', secretKey: 'keep-this-to-yourself' };
const uuid = 'b2f7f966-d8cc-41e4-bed1-df8f05be55ba';

/** A backend of somebody's own, which uses fetch and classifies nothing. */
class FetchService extends PushServiceWrapper<undefined, { url: string }> {
  constructor(settings: BackendSettings<{ url: string }>) {
    super(settings);
    this.api = undefined;
  }

  override get name(): string {
    return 'own';
  }

  protected async sendData(channel: string): Promise<void> {
    await fetch(`${this.options.url}/${channel}`, { method: 'POST', body: '{}' });
  }
}

/** The settings of each backend that speaks HTTP, over TLS to a port of this machine. */
const backends: Readonly<Record<string, (port: number) => object>> = {
  pusher: (port) => ({ ...keys, backend: 'pusher', options: { host: '127.0.0.1', port } }),
  pubnub: (port) => ({ ...keys, backend: 'pubnub', options: { origin: `127.0.0.1:${port}` } }),
  onesignal: (port) => ({
    ...keys,
    backend: 'onesignal',
    appId: uuid,
    options: { apiRoot: `https://127.0.0.1:${port}` },
  }),
  'the remote websocket': (port) => ({
    backend: new RemoteWebSocketService({ ...keys, useSsl: true, options: { host: '127.0.0.1', port } }),
  }),
  "somebody's own": (port) => ({ backend: new FetchService({ options: { url: `https://127.0.0.1:${port}` } }) }),
};

function closedAfterwards(server: NetServer): Promise<number> {
  onTestFinished(() => void server.close());
  return listen(server);
}

/** What may answer on the port, so that no request is ever sent. */
const servers: Readonly<Record<string, { start: () => Promise<number>; retryable: boolean }>> = {
  'shows an untrusted certificate': {
    retryable: false,
    async start() {
      const server = await ProviderServer.start(() => ({ body: {} }), { tls: true });
      onTestFinished(() => server.close());
      return server.port;
    },
  },
  'speaks no TLS': {
    retryable: false,
    async start() {
      const server = await ProviderServer.start(() => ({ body: {} }));
      onTestFinished(() => server.close());
      return server.port;
    },
  },
  'hangs up before the handshake': {
    retryable: true,
    start: () => closedAfterwards(createServer((socket) => void socket.on('error', () => {}).destroy())),
  },
  'hangs up in the handshake': {
    retryable: true,
    start: () =>
      closedAfterwards(
        createServer((socket) => void socket.on('error', () => {}).once('data', () => void socket.destroy())),
      ),
  },
  'is not there': {
    retryable: true,
    async start() {
      const server = createServer();
      const port = await listen(server);
      await new Promise((resolve) => server.close(resolve));
      return port;
    },
  },
};

const cases = Object.keys(backends).flatMap((backend) => Object.keys(servers).map((server) => [backend, server]));

describe.each(cases)('%s at a server that %s', (name, what) => {
  const { start, retryable } = servers[what] ?? { start: () => Promise.resolve(0), retryable: false };

  test('has sent nothing, and says whether to try again', async () => {
    const port = await start();
    const settings = { retries: 0, timeout: 5000, ...backends[name]?.(port) };
    const push = createPushService(settings as PushServerSettings);
    onTestFinished(() => push.close());
    const error = await failureOf(DeliveryError, push.send({ channels: 'ann', data: 1 }));
    expect(error).toMatchObject({ outcome: 'rejected', retryable });
    expect(everythingShown(error)).not.toMatch(/auth_signature|signature=(?!\[)|keep-this-to-yourself/);
  });
});

test('failover goes on from a remote server that is not trusted', async () => {
  const server = await ProviderServer.start(() => ({ body: {} }), { tls: true });
  onTestFinished(() => server.close());
  const remote = new RemoteWebSocketService({
    ...keys,
    useSsl: true,
    options: { host: '127.0.0.1', port: server.port },
  });
  const next = new RecordingBackend();
  const push = createPushService({ backend: 'failover', options: { backends: [remote, next] } } as PushServerSettings);
  onTestFinished(() => push.close());
  expect(await push.send({ channels: 'a', data: 1 })).toMatchObject({ status: 'accepted', attempts: 1 });
  expect(next.sent).toEqual([['a']]);
});
