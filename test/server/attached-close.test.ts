import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { promisify } from 'node:util';
import fastify, { type FastifyInstance } from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type HttpServerLike, type WebSocketOptions, WebSocketService } from '../../src/backends/websocket/index.js';
import { createPushService } from '../../src/index.js';
import { listen } from '../support/ports.js';
import { listenInTest } from '../support/test-server.js';
import { Client } from './support/client.js';
import { credentials } from './support/server.js';
import { WebhookReceiver } from './support/webhook-receiver.js';

function attachedTo(server: HttpServerLike, options: WebSocketOptions = {}): WebSocketService {
  // A socket that is left has a minute, so a test that waits for that long has failed.
  const service = new WebSocketService({ ...credentials, options: { closeTimeoutMs: 60_000, ...options } });
  onTestFinished(() => service.close());
  return service.attach(server);
}

function clientAt(service: WebSocketService, port: number, scheme = 'ws'): Promise<Client> {
  return Client.connect(service, { url: `${scheme}://127.0.0.1:${port}/app/key?protocol=7` });
}

async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  return { server, port: await listenInTest(server) };
}

describe('an HTTP server that the backend is attached to', () => {
  it('ends when it is closed before the service, and its clients are sent away to reconnect', async () => {
    const { server, port } = await listening();
    const backend = attachedTo(server);
    const push = createPushService({ backend });
    await push.ready();
    const client = await clientAt(backend, port);
    await promisify(server.close.bind(server))();
    expect(await client.closed).toEqual({ code: 4200, reason: 'The server is closing: reconnect' });
    expect(backend.api.localConnections).toBe(0);
    await push.close();
  });

  it('ends when the service is closed first', async () => {
    const { server, port } = await listening();
    const backend = attachedTo(server);
    const push = createPushService({ backend });
    await push.ready();
    const client = await clientAt(backend, port);
    await push.close();
    expect(await client.closed).toMatchObject({ code: 4200 });
    await promisify(server.close.bind(server))();
  });

  it('ends when both are closed at once', async () => {
    const { server, port } = await listening();
    const service = attachedTo(server);
    const client = await clientAt(service, port);
    await Promise.all([promisify(server.close.bind(server))(), service.close()]);
    expect(await client.closed).toMatchObject({ code: 4200 });
  });

  it('is given back by the signal of attach, its clients are sent away, and the service goes on', async () => {
    const { server, port } = await listening();
    const service = attachedTo(await listening().then((other) => other.server));
    const { emit, close } = server;
    const attaching = new AbortController();
    service.attach(server, { signal: attaching.signal });
    const client = await clientAt(service, port);
    attaching.abort();
    expect(await client.closed).toMatchObject({ code: 4200 });
    expect([server.emit, server.close, server.listenerCount('upgrade')]).toEqual([emit, close, 0]);
    service.attach(server, { signal: attaching.signal });
    expect(server.emit).toBe(emit);
    service.attach(server, { signal: new AbortController().signal });
    const again = await clientAt(service, port);
    expect(service.api.localConnections).toBe(1);
    again.socket.terminate();
    expect(() => service.attach(server, { signal: 'x' as never })).toThrow('"signal" must be an AbortSignal.');
  });

  it('ends when it is disposed of', async () => {
    const { server, port } = await listening();
    const service = attachedTo(server);
    const client = await clientAt(service, port);
    await server[Symbol.asyncDispose]();
    expect(await client.closed).toMatchObject({ code: 4200 });
  });

  it('ends when it speaks TLS', async () => {
    const read = (name: string): string => readFileSync(new URL(`../support/tls/${name}`, import.meta.url), 'utf8');
    const server = createTlsServer({ key: read('localhost-key.pem'), cert: read('localhost-cert.pem') });
    const port = await listenInTest(server);
    const service = attachedTo(server);
    const client = await clientAt(service, port, 'wss');
    await promisify(server.close.bind(server))();
    expect(await client.closed).toMatchObject({ code: 4200 });
  });

  it('ends in spite of a client that never answers, after closeTimeoutMs', async () => {
    const { server, port } = await listening();
    const service = attachedTo(server, { closeTimeoutMs: 100 });
    const client = await clientAt(service, port);
    client.socket.pause();
    await promisify(server.close.bind(server))();
    client.socket.resume();
    await client.closed;
  });

  it('lets nobody in while it closes, and takes clients again when it listens again', async () => {
    const { server, port } = await listening();
    const service = attachedTo(server);
    // A request that has begun keeps its connection, and could still become a WebSocket.
    const late = connect(port, '127.0.0.1');
    late.write('GET /app/key?protocol=7 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n');
    await (await clientAt(service, port)).close();
    const closed = promisify(server.close.bind(server))();
    late.write('Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n');
    let answer = '';
    for await (const chunk of late) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\n[\s\S]*The server is closing$/);
    await closed;
    await clientAt(service, await listen(server));
  });

  it.each(['before', 'after'])('takes clients when it listens again %s the service is opened again', async (order) => {
    const { server } = await listening();
    const service = attachedTo(server);
    await Promise.all([promisify(server.close.bind(server))(), service.close()]);
    if (order === 'after') await service.open();
    const port = await listen(server);
    if (order === 'before') await service.open();
    await clientAt(service, port);
  });

  it('gets its own close back when the service is closed', async () => {
    const { server } = await listening();
    const { close } = server;
    const service = attachedTo(server);
    expect(server.close).not.toBe(close);
    await service.close();
    expect(server.close).toBe(close);
    await service.open();
    const ours = server.close.bind(server);
    const theirs = (callback?: () => void): Server => ours(callback);
    server.close = theirs;
    await service.close();
    expect(server.close).toBe(theirs);
  });
});

it('only the clients of the server that closes go; the others hear of them, and they do not hear of each other', async () => {
  const [one, two] = await Promise.all([listening(), listening()]);
  const receiver = await WebhookReceiver.start();
  const service = attachedTo(one.server, { webhooks: [{ url: receiver.url, events: ['member_removed'] }] });
  service.attach(two.server);
  const going = [await clientAt(service, one.port), await clientAt(service, one.port)];
  const staying = await clientAt(service, two.port);
  for (const [index, client] of [...going, staying].entries())
    await client.join(service, 'presence-room', { id: `user-${index}` });
  await Promise.all(going.map((client) => client.settled()));
  await promisify(one.server.close.bind(one.server))();
  for (const client of going) {
    expect(await client.closed).toMatchObject({ code: 4200 });
    expect(client.received.map(({ event }) => event)).toEqual(['pusher:error']);
  }
  const left = (await staying.settled()).filter(({ event }) => event === 'pusher_internal:member_removed');
  expect(left.map((message) => staying.dataOf(message))).toEqual([{ user_id: 'user-0' }, { user_id: 'user-1' }]);
  expect(await service.channelUsers('presence-room')).toEqual(['user-2']);
  await service.close();
  expect(receiver.events.map(({ user_id: user }) => user)).toEqual(['user-0', 'user-1', 'user-2']);
});

describe('a Fastify application', () => {
  function application(): { app: FastifyInstance; backend: WebSocketService; closes: string[] } {
    const app = fastify();
    onTestFinished(() => app.close());
    const backend = attachedTo(app.server);
    const push = createPushService({ backend });
    const closes: string[] = [];
    app.addHook('onClose', async () => {
      await push.close();
      closes.push('push');
    });
    return { app, backend, closes };
  }

  it('closes with a page connected, and closes the service in its onClose', async () => {
    const { app, backend, closes } = application();
    await app.listen({ port: 0, host: '127.0.0.1' });
    const client = await clientAt(backend, (app.server.address() as AddressInfo).port);
    await app.close();
    expect(await client.closed).toMatchObject({ code: 4200 });
    expect(closes).toEqual(['push']);
  });

  it('closes when it listens on several addresses of localhost', async () => {
    const { app, backend, closes } = application();
    await app.listen({ port: 0, host: 'localhost' });
    const clients = await Promise.all(
      (app.addresses() as AddressInfo[]).map(({ address, family, port }) => {
        const host = family === 'IPv6' ? `[${address}]` : address;
        return Client.connect(backend, { url: `ws://${host}:${port}/app/key?protocol=7` });
      }),
    );
    await app.close();
    for (const client of clients) expect(await client.closed).toMatchObject({ code: 4200 });
    expect(closes).toEqual(['push']);
  });
});

it('a server without clients closes as it did, and its close event comes once', async () => {
  const { server } = await listening();
  const service = attachedTo(server);
  let closes = 0;
  server.on('close', () => closes++);
  expect(server.close()).toBe(server);
  await once(server, 'close');
  const error = await new Promise((resolve) => server.close(resolve));
  expect(error).toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' });
  expect(closes).toBe(2);
  await service.close();
});
