import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, request, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import express from 'express';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type WebSocketOptions, WebSocketService } from '../../src/backends/websocket/index.js';
import { createPushService } from '../../src/index.js';
import { deliver } from '../support/deliver.js';
import { listenInTest } from '../support/test-server.js';
import { Client } from './support/client.js';
import { context, credentials, message, portOf, startServer } from './support/server.js';

function attached(server: Server | TlsServer, options: WebSocketOptions = {}): WebSocketService {
  const service = new WebSocketService({ ...credentials, options: { closeTimeoutMs: 200, ...options } });
  onTestFinished(() => service.close());
  return service.attach(server);
}

async function listening(handler?: RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer(handler);
  return { server, port: await listenInTest(server) };
}

function clientOf(service: WebSocketService, port: number): Promise<Client> {
  return Client.connect(service, { url: `ws://127.0.0.1:${port}/app/key?protocol=7` });
}

async function get(port: number, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return `${response.status} ${await response.text()}`;
}

/** Asks for an upgrade by hand, and returns the first line of the answer, or nothing when the connection just ends. */
async function upgrade(port: number, path: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  );
  let answer = '';
  for await (const chunk of socket) {
    answer += String(chunk);
    if (answer.includes('\r\n')) break;
  }
  socket.destroy();
  return answer.split('\r\n', 1)[0] ?? '';
}

it('serves beside Express: its routes are its own, /apps and /app are ours', async () => {
  const app = express();
  app.get('/', (_request, response) => void response.send('hello'));
  app.use((request_, response) => void response.status(404).send(`no ${request_.path}`));
  const { server, port } = await listening(app);
  const service = attached(server);
  const client = await clientOf(service, port);
  await client.subscribe('a');
  await deliver(service, ['a'], message('x'), context);
  await client.next('x');
  expect(await get(port, '/')).toBe('200 hello');
  expect(await get(port, '/application')).toBe('404 no /application');
  expect(await get(port, '/apps/app/channels')).toMatch(/^401 The request is not signed/);
});

it('handlers that are added later keep working, and see no request of ours', async () => {
  const { server, port } = await listening();
  attached(server);
  const seen: string[] = [];
  server.on('request', (incoming, response) => {
    seen.push(incoming.url ?? '');
    response.end('late');
  });
  expect(await get(port, '/')).toBe('200 late');
  expect(await get(port, '/apps/app/nothing')).toMatch(/^404/);
  expect(seen).toEqual(['/']);
});

it.each(['before', 'after'])('another WebSocket server that is added %s keeps working', async (when) => {
  const { server, port } = await listening();
  const service = new WebSocketService(credentials);
  onTestFinished(() => service.close());
  if (when === 'after') service.attach(server);
  const other = new WebSocketServer({ server, path: '/chat' });
  other.on('connection', (socket) => socket.send('welcome'));
  if (when === 'before') service.attach(server);
  const chat = new WebSocket(`ws://127.0.0.1:${port}/chat`);
  const [greeting] = await once(chat, 'message');
  expect(String(greeting)).toBe('welcome');
  chat.terminate();
  await clientOf(service, port);
  expect(await upgrade(port, '/elsewhere')).toBe('HTTP/1.1 400 Bad Request');
});

it('an upgrade that no one takes is answered with 404', async () => {
  const { server, port } = await listening();
  attached(server);
  expect(await upgrade(port, '/elsewhere')).toBe('HTTP/1.1 404 Not Found');
  expect(await upgrade(port, '/application/key')).toBe('HTTP/1.1 404 Not Found');
});

it('an upgrade that another listener leaves lying is answered after a while; one that it takes is left alone', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { server, port } = await listening();
  attached(server);
  const heard: Duplex[] = [];
  server.on('upgrade', (incoming, socket) => {
    heard.push(socket);
    if (incoming.url === '/slow') setTimeout(() => socket.end('HTTP/1.1 418 Teapot\r\n\r\n'), 9000);
  });
  const answers = [upgrade(port, '/ignored'), upgrade(port, '/slow')];
  await vi.waitUntil(() => heard.length === 2);
  vi.advanceTimersByTime(10_000);
  expect(await Promise.all(answers)).toEqual(['HTTP/1.1 404 Not Found', 'HTTP/1.1 418 Teapot']);
});

it('closing detaches and leaves the server open', async () => {
  const { server, port } = await listening((_request, response) => void response.end('still here'));
  const emit = server.emit;
  const service = attached(server);
  const client = await clientOf(service, port);
  await service.close();
  expect(await client.closed).toMatchObject({ code: 4200 });
  expect(await get(port, '/apps/app/channels')).toBe('200 still here');
  expect(server.emit).toBe(emit);
  expect(server.listenerCount('upgrade')).toBe(0);
});

it('closing leaves an emit alone that someone put over ours', async () => {
  const { server, port } = await listening((_request, response) => void response.end('still here'));
  const service = attached(server);
  const ours = server.emit.bind(server) as (...args: unknown[]) => boolean;
  const events: unknown[] = [];
  Object.assign(server, {
    emit: (...args: unknown[]) => {
      events.push(args[0]);
      return ours(...args);
    },
  });
  await service.close();
  expect(await get(port, '/apps/app/channels')).toBe('200 still here');
  expect(events).toContain('request');
});

it.each(['/apps', '/apps/', '/apps/app', '/apps/other/events', '/apps/%E0%A4%A/events', '/apps/app%2Fevents'])(
  '%s is a page of the application, because no application of ours has it',
  async (path) => {
    const { server, port } = await listening((_request, response) => void response.end('page'));
    attached(server);
    expect(await get(port, path)).toBe('200 page');
  },
);

it('a service that is closed and opened again serves on the same server again', async () => {
  const { server, port } = await listening((_request, response) => void response.end('page'));
  const service = attached(server);
  for (let round = 0; round < 3; round++) {
    await service.close();
    expect(await get(port, '/apps/app/channels')).toBe('200 page');
    await service.open();
    await clientOf(service, port);
    expect([await get(port, '/'), server.listenerCount('upgrade')]).toEqual(['200 page', 1]);
  }
});

it('a push service that is configured twice with the same instance stays attached', async () => {
  const { server, port } = await listening();
  const backend = attached(server);
  const push = createPushService({ backend });
  await push.ready();
  const before = await clientOf(backend, port);
  push.configure({ backend });
  await push.ready();
  expect(await before.closed).toMatchObject({ code: 4200 });
  const client = await clientOf(backend, port);
  await client.subscribe('a');
  await push.send({ channels: 'a', event: 'x', data: 1 });
  await client.next('x');
  await push.close();
});

it('a service that is opened again is attached once, also when someone had put an emit over ours', async () => {
  const { server, port } = await listening((_request, response) => void response.end('page'));
  const service = attached(server);
  const ours = server.emit.bind(server) as (...args: unknown[]) => boolean;
  Object.assign(server, { emit: (...args: unknown[]) => ours(...args) });
  await service.close();
  await service.open();
  expect(await get(port, '/')).toBe('200 page');
  expect(await get(port, '/apps/app/channels')).toMatch(/^401/);
  await clientOf(service, port);
});

describe('a request that merely offers an upgrade', () => {
  type Asking = Server & { shouldUpgradeCallback?: (incoming: IncomingMessage) => boolean };

  async function offer(port: number, path: string, body: string): Promise<string> {
    const call = request({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path,
      headers: { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABk' },
    });
    call.write(body.slice(0, 2));
    setImmediate(() => call.end(body.slice(2)));
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    return `${response.statusCode} ${await text(response)}`;
  }

  const echo: RequestListener = async (incoming, response) => {
    response.end(`${incoming.method} ${incoming.url} ${await text(incoming)}`);
  };

  async function expectAllServed(port: number): Promise<void> {
    expect(await offer(port, '/orders?a=1', 'hello')).toBe('200 POST /orders?a=1 hello');
    expect(await offer(port, '/app/key', 'hello')).toBe('200 POST /app/key hello');
    expect(await offer(port, '/apps/app/events', '{}')).toMatch(/^401 The request is not signed/);
    expect(await upgrade(port, '/elsewhere')).toBe('HTTP/1.1 404 Not Found');
  }

  it('reaches the application with its body', async () => {
    const { server, port } = await listening(echo);
    attached(server);
    await expectAllServed(port);
  });

  // A Node from 26 on always asks, and deals with an upgrade's body in another way: there is nothing to test there.
  if (Number.parseInt(process.versions.node, 10) < 26) {
    it('reaches the application with its body, on a Node that does not ask which upgrades to take', async () => {
      const { server, port } = await listening(echo);
      const asking: Asking = server;
      const { shouldUpgradeCallback } = asking;
      Reflect.deleteProperty(server, 'shouldUpgradeCallback');
      attached(server);
      if (shouldUpgradeCallback !== undefined) asking.shouldUpgradeCallback = shouldUpgradeCallback;
      await expectAllServed(port);
    });
  }

  it('is left to another listener, as it was before', async () => {
    const { server, port } = await listening(echo);
    server.on('upgrade', (_incoming, socket) => socket.end('HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n'));
    attached(server);
    expect(await offer(port, '/orders', 'hello')).toBe('418 ');
  });

  it('reaches the HTTP API on a port of its own', async () => {
    const service = await startServer();
    expect(await offer(portOf(service), '/apps/app/events', '{}')).toMatch(/^401 The request is not signed/);
    expect(await offer(portOf(service), '/apps/other/events', '{}')).toMatch(/^404 There is no application/);
  });

  it("does not change what the application's own callback decides, and the callback is put back", async () => {
    const { server, port } = await listening(echo);
    const asking: Asking = server;
    const own = (): boolean => false;
    if (asking.shouldUpgradeCallback === undefined) return;
    asking.shouldUpgradeCallback = own;
    const other = new WebSocketServer({ server, path: '/chat' });
    const service = attached(server);
    await clientOf(service, port);
    expect(await offer(port, '/orders', 'hello')).toBe('200 POST /orders hello');
    await service.close();
    expect(asking.shouldUpgradeCallback).toBe(own);
    other.close();
  });
});

it('attaching twice to the same server changes nothing; to two servers, it serves both', async () => {
  const [one, two] = await Promise.all([listening(), listening()]);
  const service = attached(one.server).attach(one.server).attach(two.server);
  expect(one.server.listenerCount('upgrade')).toBe(1);
  const [first, second] = await Promise.all([clientOf(service, one.port), clientOf(service, two.port)]);
  await Promise.all([first.subscribe('a'), second.subscribe('a')]);
  await deliver(service, ['a'], message('x'), context);
  await Promise.all([first.next('x'), second.next('x')]);
});

it('a request that waits for 100-continue is answered', async () => {
  const { server, port } = await listening();
  server.on('checkContinue', (_request, response) => void response.writeHead(417).end());
  attached(server);
  const call = request({
    port,
    host: '127.0.0.1',
    method: 'POST',
    path: '/apps/app/events',
    headers: { Expect: '100-continue', 'Content-Length': 2 },
  });
  call.on('continue', () => call.end('{}'));
  call.flushHeaders();
  const [response] = await once(call, 'response');
  expect(response.statusCode).toBe(401);
  response.resume();
});

it('an https server works the same, and satisfies tlsOnly', async () => {
  const read = (name: string): string => readFileSync(new URL(`../support/tls/${name}`, import.meta.url), 'utf8');
  const server = createTlsServer({ key: read('localhost-key.pem'), cert: read('localhost-cert.pem') }).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  attached(server, { tlsOnly: true });
  const socket = new WebSocket(`wss://127.0.0.1:${(server.address() as AddressInfo).port}/app/key?protocol=7`, {
    rejectUnauthorized: false,
  });
  const [first] = await once(socket, 'message');
  expect(String(first)).toContain('connection_established');
  socket.terminate();
});
