import { once } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { WebSocketOptions } from '../../src/backends/websocket/index.js';
import { Client, type ClientOptions } from './support/client.js';
import { RawClient } from './support/raw-client.js';
import { startServer } from './support/server.js';

it('a connection that is let in gets a socket id and the activity timeout, as JSON within JSON', async () => {
  const service = await startServer({ activityTimeoutSeconds: 77 });
  const client = new Client(service);
  const { data } = await client.next('pusher:connection_established');
  expect(JSON.parse(data as string)).toEqual({ socket_id: expect.stringMatching(/^\d+\.\d+$/), activity_timeout: 77 });
});

it('the answer to the upgrade and the socket id arrive in one piece', async () => {
  const service = await startServer();
  const client = await RawClient.open(service);
  client.write(upgradeWith('AAAAAAAAAAAAAAAAAAAAAA=='));
  const [first] = (await once(client.socket, 'data')) as [Buffer];
  expect(first.toString()).toMatch(/^HTTP\/1\.1 101 .*\r\n\r\n.*pusher:connection_established.*\}$/s);
});

it('the answer to the upgrade does not make its client one that reads too slowly', async () => {
  const service = await startServer({ sendBufferBytes: 1 });
  const client = await Client.connect(service);
  expect(client.socketId).toMatch(/^\d+\.\d+$/);
});

it('a key of the WebSocket handshake that is none is answered with 400, and the socket ends', async () => {
  const service = await startServer();
  const client = await RawClient.open(service);
  client.collect();
  client.write(upgradeWith('none'));
  await client.ended;
  expect(client.bytes.toString()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(service.api.localConnections).toBe(0);
});

function upgradeWith(key: string): string {
  const head = ['GET /app/key?protocol=7 HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket'];
  return [...head, 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${key}`, '', ''].join('\r\n');
}

it('socket ids differ', async () => {
  const service = await startServer();
  const clients = await Promise.all(Array.from({ length: 20 }, () => Client.connect(service)));
  expect(new Set(clients.map(({ socketId }) => socketId)).size).toBe(20);
});

const disabled = { appId: 'off', pubKey: 'off', secretKey: 'secret', enabled: false };
const tiny = { appId: 'tiny', pubKey: 'tiny', secretKey: 'secret', maxConnections: 1 };

const refusals: [code: number, when: string, ClientOptions, WebSocketOptions?][] = [
  [4000, 'there is no TLS and tlsOnly is set', {}, { tlsOnly: true }],
  [4001, 'no application has the key', { key: 'unknown' }],
  [4001, 'the key is badly encoded', { key: '%E0%A4%A' }],
  [4003, 'the application is disabled', { key: 'off' }, { apps: [disabled] }],
  [4005, 'the path goes on after the key', { path: '/app/key/more' }],
  [4005, 'the path names no application', { path: '/app/' }],
  [4005, 'the path is another one', { path: '/elsewhere' }],
  [4006, 'the version is not a number', { query: '?protocol=seven' }],
  [4007, 'the version is too new', { query: '?protocol=99' }],
  [4007, 'the version is too old', { query: '?protocol=4' }],
  [4008, 'there is no version', { query: '' }],
  [4007, 'the version follows from that of a client that is too old', { query: '?client=js&version=1.11.2' }],
  [4008, 'the version of the client is none', { query: '?client=js&version=new' }],
  [4008, 'the version of the client goes on with letters', { query: '?version=2.1x' }],
  [4006, 'the version is not a number, though that of the client is', { query: '?protocol=seven&version=8.4.0' }],
  [4008, 'the version is empty', { query: '?protocol=&client=js' }],
];

it.each(refusals)('a connection is refused with %i when %s', async (code, _when, clientOptions, options) => {
  const service = await startServer(options);
  const client = new Client(service, clientOptions);
  const error = await client.next('pusher:error');
  expect(error.data).toEqual({ code, message: expect.any(String) });
  expect(await client.closed).toEqual({ code, reason: (error.data as { message: string }).message });
  expect(service.api.localConnections).toBe(0);
});

it('an application is refused more connections than it may have with 4004, until one goes', async () => {
  const service = await startServer({ apps: [tiny] });
  const first = await Client.connect(service, { key: 'tiny' });
  expect(await new Client(service, { key: 'tiny' }).closed).toMatchObject({ code: 4004 });
  await Client.connect(service);
  await first.close();
  await expect.poll(() => Client.connect(service, { key: 'tiny' })).toBeInstanceOf(Client);
});

it('a server that is full refuses with 4100', async () => {
  const service = await startServer({ maxConnections: 2, apps: [tiny] });
  await Promise.all([Client.connect(service), Client.connect(service, { key: 'tiny' })]);
  expect(await new Client(service).closed).toMatchObject({ code: 4100 });
});

it('TLS that ends at a proxy satisfies tlsOnly', async () => {
  const service = await startServer({ tlsOnly: true });
  await Client.connect(service, { headers: { 'X-Forwarded-Proto': 'https' } });
});

it('protocol versions 5 and 6 are served too', async () => {
  const service = await startServer();
  await Promise.all([
    Client.connect(service, { query: '?protocol=5' }),
    Client.connect(service, { query: '?client=x&protocol=6' }),
  ]);
});

it.each(['1.12.0', '2.0.5', '2.1', '8.4.0', '7.0.3-beta'])(
  'the version %s of a client without a protocol will do',
  async (version) => {
    const service = await startServer();
    await Client.connect(service, { query: `?client=js&version=${version}` });
    await Client.connect(service, { query: `?protocol=&version=${version}` });
  },
);

const allowedOrigins = ['https://example.com', 'https://*.example.org', 'http://localhost:3000'];

it.each([
  'https://example.com',
  'https://EXAMPLE.com',
  'https://a.example.org',
  'https://a.b.example.org',
  'http://localhost:3000',
  undefined,
])('the origin %s is let in by the list', async (origin) => {
  const service = await startServer({ allowedOrigins });
  await Client.connect(service, { headers: origin === undefined ? {} : { Origin: origin } });
});

it.each([
  'null',
  'http://example.com',
  'https://example.com.evil.net',
  'https://evilexample.com',
  'https://example.com:8443',
  'https://sub.example.com',
  'https://example.org',
  'https://evilexample.org',
  'https://a.example.org.evil.net',
  'https://evil.net/.example.org',
  'https://evil.net#.example.org',
  'https://a@b.example.org',
  'https://.example.org',
  'https://a..example.org',
  'http://a.example.org',
  'http://localhost:3001',
  'http://localhost',
])('the origin %s is refused by the list with 4009', async (origin) => {
  const service = await startServer({ allowedOrigins });
  expect(await new Client(service, { headers: { Origin: origin } }).closed).toMatchObject({ code: 4009 });
});

it('refused connections that linger are cut after a second, and beyond a thousand of them get 503', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const service = await startServer();
  const lingering = await Promise.all(
    Array.from({ length: 1000 }, async () => {
      const raw = await RawClient.open(service);
      raw.write(upgradeTo('/app/nobody?protocol=7'));
      await once(raw.socket, 'data');
      return raw;
    }),
  );
  const further = await RawClient.open(service);
  further.collect();
  further.write(upgradeTo('/app/nobody?protocol=7'));
  expect(await further.until((text) => text.includes('refused'))).toMatch(/^HTTP\/1.1 503 /);
  await Client.connect(service);
  vi.advanceTimersByTime(1000);
  await Promise.all(lingering.map(({ ended }) => ended));
  expect(await new Client(service, { key: 'nobody' }).closed).toMatchObject({ code: 4001 });
});

function upgradeTo(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
}
