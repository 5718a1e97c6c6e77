import { createRequire } from 'node:module';
import { createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ChildSettings, createPushService, DeliveryError, type PushServerSettings } from '../../../src/index.js';
import { stalledHeaders } from '../../providers/faults.js';
import { startPusherProvider } from '../../providers/pusher-provider.js';
import { failureOf } from '../../support/failure-of.js';
import { listen } from '../../support/ports.js';

const load = createRequire(import.meta.url);
const keys = { appId: '6f6e6a1f-0b1c-4d0c-9a1d-e0b2c3f45a97', pubKey: 'key', subKey: 'sub', secretKey: 'secret' };

/** A server that takes connections and says nothing, not even for TLS: as if the packets got lost. */
async function startSilence(): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => {})));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return listen(server);
}

const backends: readonly (readonly [string, (port: number) => object])[] = [
  ['pusher', (port) => ({ backend: 'pusher', options: { host: '127.0.0.1', port } })],
  ['onesignal', (port) => ({ backend: 'onesignal', options: { apiRoot: `https://127.0.0.1:${port}` } })],
  ['pubnub 12', (port) => ({ backend: 'pubnub', options: { origin: `127.0.0.1:${port}` } })],
  ['pubnub 11', (port) => ({ backend: 'pubnub', options: { origin: `127.0.0.1:${port}`, PubNub: load('pubnub-11') } })],
];

describe('a deadline that passes before there is a connection', () => {
  test.each(backends)('means that nothing was sent: %s', async (_name, settingsOf) => {
    const settings = { ...keys, ...settingsOf(await startSilence()), timeout: 150, retries: 1 } as PushServerSettings;
    const push = createPushService(settings);
    onTestFinished(() => push.close());
    const error = await failureOf(DeliveryError, push.send({ channels: 'orders', data: 1 }));
    expect(error).toMatchObject({ outcome: 'rejected', retryable: true });
    expect(error.cause).toMatchObject({
      name: 'TimeoutError',
      message: 'No connection within 150 ms: nothing was sent.',
    });
    expect(error.report?.attempts).toBe(2);
  });

  test('lets failover go on', async () => {
    const lines: string[] = [];
    const stream = { write: (text: string) => lines.push(text) };
    const port = await startSilence();
    const push = createPushService({
      backend: 'failover',
      options: {
        backends: [
          { backend: 'pusher', ...keys, options: { host: '127.0.0.1', port } },
          { backend: 'console', options: { stream } },
        ],
      },
      timeout: 150,
      retries: 1,
    });
    onTestFinished(() => push.close());
    const { status, attempts } = await push.send({ channels: 'orders', data: 1 });
    expect([status, attempts, lines.length]).toEqual(['accepted', 2, 1]);
  });
});

test('a deadline that passes once the request has left means that it may have arrived, and failover stays', async () => {
  const provider = await startPusherProvider();
  onTestFinished(() => provider.close());
  provider.server.always = stalledHeaders;
  const lines: string[] = [];
  const stream = { write: (text: string) => lines.push(text) };
  const backends: ChildSettings[] = [provider.settings as ChildSettings, { backend: 'console', options: { stream } }];
  const push = createPushService({ backend: 'failover', options: { backends }, timeout: 150, retries: 1 });
  onTestFinished(() => push.close());
  const error = await failureOf(DeliveryError, push.send({ channels: 'orders', data: 1 }));
  expect(error.outcome).toBe('unknown');
  expect(lines).toEqual([]);
});
