import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import {
  AuthenticationError,
  ConfigurationError,
  DeliveryError,
  type IncomingMessage,
  type PushService,
  TimeoutError,
  UnsupportedOperationError,
  ValidationError,
} from '../../../src/index.js';
import { startPusherProvider } from '../../providers/pusher-provider.js';
import { heard, JsClientClass } from '../../server/support/js-client.js';
import { credentials, startServer } from '../../server/support/server.js';
import { failureOf } from '../../support/failure-of.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { browser, serviceOn } from './support/embedded.js';

function received(push: PushService): IncomingMessage[] {
  const messages: IncomingMessage[] = [];
  push.on('messageReceived', (message) => messages.push(message));
  return messages;
}

const instances = (): number => (JsClientClass as unknown as { instances: unknown[] }).instances.length;

/** A Channels server that answers as it is told; closed at the end of the test. */
async function startOddServer(
  answer: (frame: { event: string; data: { channel: string } }) => object | undefined,
  socketId = '1.2',
): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  server.on('connection', (socket) => {
    const data = JSON.stringify({ socket_id: socketId, activity_timeout: 120 });
    socket.send(JSON.stringify({ event: 'pusher:connection_established', data }));
    socket.on('message', (text) => {
      const reply = answer(JSON.parse(String(text)));
      if (reply !== undefined) socket.send(JSON.stringify(reply));
    });
  });
  return (server.address() as { port: number }).port;
}

describe('subscribe', () => {
  test.each(['orders', 'private-orders', 'presence-orders', 'cache-orders', 'private-encrypted-orders'])(
    'brings in the messages of %s',
    async (channel) => {
      const server = await startServer();
      const { push } = serviceOn(server.address?.port ?? 0);
      const messages = received(push);
      await push.subscribe(channel);
      const data = { orderId: 42, text: '世界' };
      await push.send({ event: 'shipped', channels: channel, data });
      await expect.poll(() => messages).toEqual([{ channel, event: 'shipped', data }]);
    },
  );

  test('brings in nothing of the protocol, and tells who sent a client event', async () => {
    const server = await startServer();
    const port = server.address?.port ?? 0;
    const { push, backend } = serviceOn(port);
    const messages = received(push);
    await push.subscribe('presence-room');
    const member = browser(port, backend, 'bob').subscribe('presence-room');
    await heard(member, 'pusher:subscription_succeeded');
    member.trigger('client-typing', { n: 1 });
    await expect
      .poll(() => messages)
      .toEqual([{ channel: 'presence-room', event: 'client-typing', data: { n: 1 }, userId: 'bob' }]);
  });

  test('logs what cannot be decrypted, and goes on', async () => {
    const server = await startServer();
    const port = server.address?.port ?? 0;
    const logger = new RecordingLogger();
    const { push } = serviceOn(port, { logger });
    const other = serviceOn(port, { encryptionMasterKeyBase64: Buffer.alloc(32, 8).toString('base64') });
    const messages = received(push);
    const channel = 'private-encrypted-a';
    await push.subscribe(channel);
    await other.push.send({ channels: channel, data: 1 });
    await push.send({ channels: channel, data: 2 });
    await other.push.send({ channels: channel, data: 3 });
    await push.send({ channels: channel, data: 4 });
    await expect.poll(() => messages.map(({ data }) => data)).toEqual([2, 4]);
    const { level, text } = logger.entries[0] ?? {};
    expect([level, text]).toEqual(['warn', expect.stringContaining('cannot be decrypted')]);
    expect(logger.entries).toHaveLength(2);
  });

  test('changes nothing the second time, and ends with unsubscribe', async () => {
    const server = await startServer();
    const { push, backend } = serviceOn(server.address?.port ?? 0);
    const messages = received(push);
    await Promise.all([backend.subscribe('a'), backend.subscribe('a'), backend.subscribe('b')]);
    await backend.subscribe('a');
    await push.send({ channels: ['a'], data: 1 });
    await expect.poll(() => messages).toHaveLength(1);
    await backend.unsubscribe('a');
    await backend.unsubscribe('unknown');
    await push.send({ channels: ['a'], data: 2 });
    await push.send({ channels: ['b'], data: 3 });
    await expect.poll(() => messages.map(({ data }) => data)).toEqual([1, 3]);
    await expect.poll(() => server.api.channels()).toEqual(['b']);
  });

  test('works again after unsubscribe, close() and a subscription that was left under way', async () => {
    const server = await startServer();
    const { push, backend } = serviceOn(server.address?.port ?? 0);
    const messages = received(push);
    await backend.subscribe('b');
    const left = backend.subscribe('a');
    await backend.unsubscribe('a');
    await left;
    await expect.poll(() => server.api.channels()).toEqual(['b']);
    await backend.subscribe('a');
    await backend.close();
    await expect.poll(() => server.api.channels()).toEqual([]);
    await backend.subscribe('a');
    await push.send({ channels: 'a', data: 1 });
    await expect.poll(() => messages.map(({ data }) => data)).toEqual([1]);
  });

  test('leaves no connection and no client behind after the last unsubscribe', async () => {
    const server = await startServer();
    const { backend } = serviceOn(server.address?.port ?? 0);
    const before = instances();
    await backend.subscribe('a');
    expect(instances()).toBe(before + 1);
    await backend.unsubscribe('a');
    expect(instances()).toBe(before);
    await expect.poll(() => server.api.channels()).toEqual([]);
  });
});

describe('a subscription that fails', () => {
  test('because the service does not take its signature', async () => {
    const server = await startServer({}, { ...credentials, secretKey: 'another-secret' });
    const { push } = serviceOn(server.address?.port ?? 0);
    const error = await failureOf(AuthenticationError, push.subscribe('private-a'));
    expect(error.message).toContain('Pusher refuses the subscription to "private-a": ');
    await push.subscribe('a');
    await failureOf(AuthenticationError, push.subscribe('private-a'));
    await push.subscribe('b');
    expect((await server.api.channels()).toSorted()).toEqual(['a', 'b']);
  });

  test('because the service does not know the key, and does not want it again', async () => {
    const server = await startServer({}, { ...credentials, pubKey: 'another-key' });
    const { backend } = serviceOn(server.address?.port ?? 0, { logger: new RecordingLogger() });
    const errors = [backend.subscribe('a'), backend.subscribe('b')].map((work) => failureOf(ConfigurationError, work));
    for (const error of await Promise.all(errors)) expect(error.message).toContain('(4001)');
  });

  test('because nobody listens', async () => {
    const { push } = serviceOn(1, { requestTimeoutMs: 100 });
    const error = await failureOf(DeliveryError, push.subscribe('a'));
    expect(error).toMatchObject({ outcome: 'rejected', retryable: true });
    expect(error.message).toBe('Pusher at 127.0.0.1:1 could not be reached within 100 ms.');
  });

  test('because the certificate is not trusted, at once', async () => {
    const provider = await startPusherProvider({ tls: true });
    onTestFinished(() => provider.close());
    const { push } = serviceOn(Number(provider.settings.options.port), { useSsl: true, requestTimeoutMs: 60_000 });
    const errors = ['a', 'b'].map((channel) => failureOf(DeliveryError, push.subscribe(channel)));
    for (const error of await Promise.all(errors)) {
      expect(error).toMatchObject({ outcome: 'rejected', retryable: false });
      expect(error.message).toMatch(
        /^Pusher at https:\/\/127\.0\.0\.1:\d+ is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
      );
    }
  });

  test('because the server speaks no TLS, at once', async () => {
    const server = await startServer();
    const { push } = serviceOn(server.address?.port ?? 0, { useSsl: true, requestTimeoutMs: 60_000 });
    const error = await failureOf(DeliveryError, push.subscribe('a'));
    expect(error.message).toContain('"useSsl"');
  });

  test('because it is not confirmed', async () => {
    const port = await startOddServer(() => undefined);
    const { push } = serviceOn(port, { requestTimeoutMs: 500 });
    const error = await failureOf(TimeoutError, push.subscribe('a'));
    expect(error.message).toContain('did not confirm the subscription to "a" within 500 ms');
  });

  test('because the service answers with an error of the connection', async () => {
    const port = await startOddServer(({ event }) =>
      event === 'pusher:subscribe'
        ? { event: 'pusher:error', data: { code: null, message: `Over quota ${'ab'.repeat(32)}` } }
        : undefined,
    );
    const { push } = serviceOn(port, { logger: new RecordingLogger() });
    const error = await failureOf(AuthenticationError, push.subscribe('private-a'));
    expect(error.message).toBe('Pusher refuses the subscription to "private-a": Over quota [secret]');
  });

  test('because it cannot be signed', async () => {
    const server = await startServer();
    const { backend } = serviceOn(server.address?.port ?? 0, { encryptionMasterKeyBase64: undefined });
    const before = instances();
    await failureOf(ValidationError, backend.subscribe('private-encrypted-a'));
    expect(instances()).toBe(before);
  });

  test.each(['before', 'after'])(
    'because what the service calls the connection cannot be signed, %s it is made',
    async (when) => {
      const port = await startOddServer(
        ({ data: { channel } }) => ({ event: 'pusher_internal:subscription_succeeded', channel, data: '{}' }),
        'not-two-numbers',
      );
      const { push } = serviceOn(port, { requestTimeoutMs: 1000 });
      if (when === 'after') await push.subscribe('a');
      const error = await failureOf(AuthenticationError, push.subscribe('private-a'));
      expect(error.message).toContain('The subscription to "private-a" could not be signed: ');
      await push.subscribe('b');
    },
  );

  test.each(['constructor', '__proto__', 'hasOwnProperty'])(
    'because pusher-js has something else named %s',
    async (name) => {
      const server = await startServer();
      const { push } = serviceOn(server.address?.port ?? 0, { requestTimeoutMs: 100 });
      await push.subscribe('a');
      const error = await failureOf(UnsupportedOperationError, push.subscribe(name));
      expect(error.message).toContain('choose another name');
      // A rejection that nobody handles would come now.
      await setTimeout(150);
    },
  );

  test("because it is a user's, which takes a sign-in", async () => {
    const { push } = serviceOn(1);
    await failureOf(UnsupportedOperationError, push.subscribe('#server-to-user-ann'));
  });

  test('later is logged', async () => {
    let port = 0;
    let refuse: (() => void) | undefined;
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    port = (server.address() as { port: number }).port;
    server.on('connection', (socket) => {
      const data = JSON.stringify({ socket_id: '1.2', activity_timeout: 120 });
      socket.send(JSON.stringify({ event: 'pusher:connection_established', data }));
      socket.on('message', () =>
        socket.send('{"event":"pusher_internal:subscription_succeeded","channel":"a","data":"{}"}'),
      );
      refuse = () => socket.close(4003, 'disabled');
    });
    const logger = new RecordingLogger();
    const { push } = serviceOn(port, { logger });
    await push.subscribe('a');
    refuse?.();
    await expect.poll(() => logger.entries.map(({ text }) => text)).toContain('pusher: a subscription has ended');
  });
});
