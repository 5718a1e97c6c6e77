import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocketService } from '../../src/backends/websocket/index.js';
import { ConfigurationError } from '../../src/core/errors.js';
import { deliver } from '../support/deliver.js';
import { Client } from './support/client.js';
import { RawClient } from './support/raw-client.js';
import { context, credentials, message, portOf, record, startServer } from './support/server.js';
import { hook } from './support/source-hook.js';

it('closing sends what is pending, then 4200, and no one gets in any more', async () => {
  const service = await startServer();
  const clients = await Promise.all([Client.connect(service), Client.connect(service)]);
  await Promise.all(clients.map((client) => client.subscribe('a')));
  const port = portOf(service);
  void deliver(service, ['a'], message('last'), context);
  const closed = service.close();
  const late = new Client(service, { url: `ws://127.0.0.1:${port}/app/key?protocol=7` });
  for (const client of clients) {
    await client.next('last');
    expect(client.dataOf(await client.next('pusher:error'))).toMatchObject({ code: 4200 });
    expect(await client.closed).toMatchObject({ code: 4200 });
  }
  await closed;
  expect(await late.closed).toMatchObject({ code: 1006 });
  expect(service.address).toBeUndefined();
});

it('a client that does not go is cut when the close timeout is over', async () => {
  const service = await startServer({ closeTimeoutMs: 100 });
  const raw = await RawClient.connect(service);
  await service.close();
  await raw.ended;
});

it('a socket that never says that it is closed does not hold up the close', async () => {
  const service = await startServer({ closeTimeoutMs: 100 });
  const raw = await RawClient.connect(service);
  const destroy = vi.spyOn(Socket.prototype, 'destroy').mockReturnThis();
  await service.close();
  const stuck = destroy.mock.contexts;
  destroy.mockRestore();
  expect(stuck.length).toBeGreaterThan(0);
  for (const socket of [...(stuck as Socket[]), raw.socket]) socket.destroy();
  await raw.ended;
  await service.open();
  await Client.connect(service);
  expect(service.api.localConnections).toBe(1);
});

it('connections that were refused and linger do not hold up the close', async () => {
  const service = await startServer({ closeTimeoutMs: 60_000 });
  const raw = await RawClient.open(service);
  raw.collect();
  raw.write(
    'GET /app/nobody?protocol=7 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  expect(await raw.closeCode()).toBe(4001);
  await service.close();
  await raw.ended;
});

it('a client that has been sent away is not listened to while it lingers', async () => {
  const service = await startServer();
  const { received } = record(service);
  await service.subscribe('private-a');
  const raw = await RawClient.connect(service);
  const { auth } = service.authorizeChannel(raw.socketId, 'private-a');
  raw.writeText(JSON.stringify({ event: 'pusher:subscribe', data: { channel: 'private-a', auth } }));
  await raw.until((text) => text.includes('subscription_succeeded'));
  raw.writeText(JSON.stringify({ event: 'client-before', channel: 'private-a' }));
  await expect.poll(() => received.map(({ event }) => event)).toEqual(['client-before']);
  await service.api.disconnect(raw.socketId);
  expect(await raw.closeCode()).toBe(4009);
  raw.writeText(JSON.stringify({ event: 'client-after', channel: 'private-a' }));
  raw.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0]));
  await raw.ended;
  expect(received.map(({ event }) => event)).toEqual(['client-before']);
});

it('an upgrade that comes while the server closes is refused with 503', async () => {
  const service = await startServer();
  const [lingering, late] = await Promise.all([RawClient.connect(service), RawClient.open(service)]);
  late.write('GET /app/key?protocol=7 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n');
  // The server has read what was sent before it answers what is sent afterwards.
  await (await Client.connect(service)).close();
  const closed = service.close();
  expect(await lingering.closeCode()).toBe(4200);
  late.collect();
  late.write('Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n');
  expect(await late.until((text) => text.includes('closing'))).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\n/);
  await closed;
});

it('a request that does not end does not hold up the close', async () => {
  const service = await startServer({ closeTimeoutMs: 100, requestTimeoutMs: 60_000 });
  const raw = await RawClient.open(service);
  raw.write('POST /apps/app/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n');
  await service.close();
  await raw.ended;
});

it('closing twice, at once or later, or without having opened, is fine', async () => {
  const service = await startServer();
  await Promise.all([service.close(), service.close()]);
  await service.close();
  await new WebSocketService(credentials).close();
});

it('a closed server can be opened again', async () => {
  const service = await startServer();
  await service.close();
  await service.open();
  const client = await Client.connect(service);
  await client.subscribe('a');
  await deliver(service, ['a'], message('x'), context);
  await client.next('x');
});

it('a server that was closed has no subscriptions of before', async () => {
  const service = await startServer();
  const { received } = record(service);
  await service.subscribe('a');
  await service.close();
  await service.open();
  await service.subscribe('b');
  await deliver(service, ['a', 'b'], message('x'), context);
  expect(received.map(({ channel }) => channel)).toEqual(['b']);
});

it('a port that is taken is a ConfigurationError that says what to do', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const service = new WebSocketService({ ...credentials, options: { port, host: '127.0.0.1' } });
  const error = await service.open().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigurationError);
  expect((error as Error).message).toMatch(
    new RegExp(`cannot listen on 127.0.0.1:${port}: another program.*set another "port"`),
  );
  await service.close();
});

it('an address that the machine does not have is a ConfigurationError', async () => {
  const service = new WebSocketService({ ...credentials, options: { port: 0, host: '192.0.2.1' } });
  await expect(service.open()).rejects.toThrow(/no such address/);
});

it('a process whose server has been closed ends by itself', async () => {
  const script = `
    import { WebSocket } from 'ws';
    const { WebSocketService } = await import(process.argv[1]);
    const service = new WebSocketService({ appId: 'a', pubKey: 'k', secretKey: 's', options: { port: 0, host: '127.0.0.1' } });
    await service.open();
    const client = new WebSocket('ws://127.0.0.1:' + service.address.port + '/app/k?protocol=7');
    await new Promise((resolve) => client.once('message', resolve));
    await service.close();
    console.log('closed');`;
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--import',
      hook(),
      '-e',
      script,
      new URL('../../src/backends/websocket/index.ts', import.meta.url).href,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  const [code] = await once(child, 'exit');
  expect({ code, output }).toEqual({ code: 0, output: 'closed\n' });
});
