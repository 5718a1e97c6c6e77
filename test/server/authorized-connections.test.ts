import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocketOptions, WebSocketService } from '../../src/backends/websocket/index.js';
import { authFor, channelText } from '../../src/pusher-protocol/signature.js';
import { itOfEachNode, settled } from '../support/nodes/nodes.js';
import { Client } from './support/client.js';
import { heard, jsClient } from './support/js-client.js';
import { RawClient } from './support/raw-client.js';
import { startServer } from './support/server.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const authorized = { authorizedConnections: true };
const late = 'Connection not authorized within timeout: sign in, or subscribe to a private or presence channel';

it('a connection that does nothing for 30 seconds is closed with 4009, and pusher-js stays away', async () => {
  const service = await startServer(authorized);
  const page = jsClient(service);
  await heard(page.connection, 'connected');
  const error = heard<{ data: unknown }>(page.connection, 'error');
  const client = await Client.connect(service);
  vi.advanceTimersByTime(29_999);
  await client.settled();
  expect(service.api.localConnections).toBe(2);
  vi.advanceTimersByTime(1);
  expect(client.dataOf(await client.next('pusher:error'))).toEqual({ code: 4009, message: late });
  expect(await client.closed).toEqual({ code: 4009, reason: late });
  expect(await error).toMatchObject({ data: { code: 4009, message: late } });
  await expect.poll(() => page.connection.state).toBe('disconnected');
  expect(service.api.localConnections).toBe(0);
});

const ways: readonly [string, (client: Client, service: WebSocketService) => Promise<unknown>][] = [
  [
    'signed in',
    async (client, service) => {
      client.send('pusher:signin', service.authenticateUser(client.socketId, { id: 'ann' }));
      await client.next('pusher:signin_success');
    },
  ],
  ['subscribed to a private channel', (client, service) => client.join(service, 'private-a')],
  ['subscribed to an encrypted channel', (client, service) => client.join(service, 'private-encrypted-a')],
  ['subscribed to a presence channel', (client, service) => client.join(service, 'presence-a', { id: 'ann' })],
  [
    'left the private channel again',
    async (client, service) => {
      await client.join(service, 'private-a');
      client.send('pusher:unsubscribe', { channel: 'private-a' });
      await client.settled();
    },
  ],
];

it.each(ways)('a connection that has %s stays', async (_what, authorize) => {
  const service = await startServer(authorized);
  const client = await Client.connect(service);
  vi.advanceTimersByTime(29_000);
  await authorize(client, service);
  vi.advanceTimersByTime(3_600_000);
  await client.settled();
  expect(service.api.localConnections).toBe(1);
});

it.each<[string, (client: Client, service: WebSocketService) => Promise<unknown>]>([
  ['subscribed to a public channel', (client) => client.subscribe('cache-a')],
  [
    'been refused a private channel',
    async (client) => {
      client.send('pusher:subscribe', { channel: 'private-a', auth: 'key:wrong' });
      await client.next('pusher:subscription_error');
    },
  ],
])('a connection that has only %s is closed', async (_what, tryIt) => {
  const service = await startServer(authorized);
  const client = await Client.connect(service);
  await tryIt(client, service);
  vi.advanceTimersByTime(30_000);
  expect(await client.closed).toMatchObject({ code: 4009 });
  expect(service.api.localConnections).toBe(0);
});

// A node that has nobody on the channel hears only from the relay that it is full. Then the signature has counted.
itOfEachNode('a connection that is signed for a channel that has no place for it is closed', async () => {
  const service = await startServer({ ...authorized, maxPresenceMembers: 1 });
  await (await Client.connect(service)).join(service, 'presence-full', { id: 'ann' });
  const client = await Client.connect(service);
  client.send('pusher:subscribe', {
    channel: 'presence-full',
    ...service.authorizeChannel(client.socketId, 'presence-full', { id: 'ben' }),
  });
  await client.next('pusher:subscription_error');
  vi.advanceTimersByTime(30_000);
  expect(await client.closed).toMatchObject({ code: 4009 });
  expect(service.api.localConnections).toBe(1);
});

itOfEachNode('each has its own time, which is an option, and one timer serves all', async () => {
  const service = await startServer({ ...authorized, authorizationTimeoutMs: 1000 });
  const before = vi.getTimerCount();
  const clients: Client[] = [];
  for (let number = 0; number < 5; number++) {
    clients.push(await Client.connect(service));
    vi.advanceTimersByTime(100);
  }
  expect(vi.getTimerCount() - before).toBe(1);
  vi.advanceTimersByTime(600);
  expect(await clients[1]?.closed).toMatchObject({ code: 4009 });
  expect(service.api.localConnections).toBe(3);
  for (const client of clients.slice(2)) await client.close();
  await expect.poll(() => service.api.localConnections).toBe(0);
  expect(vi.getTimerCount()).toBeLessThanOrEqual(before);
});

it('a client that is gone or does not read is forgotten all the same', async () => {
  const service = await startServer({ ...authorized, closeTimeoutMs: 50 });
  const gone = await RawClient.connect(service);
  const deaf = await RawClient.connect(service);
  gone.destroy();
  deaf.socket.pause();
  await expect.poll(() => service.api.localConnections).toBe(1);
  vi.advanceTimersByTime(30_000);
  expect(service.api.localConnections).toBe(0);
  deaf.destroy();
});

it('each application has its own time, or none', async () => {
  const app = (name: string, limits: object) => ({ appId: name, pubKey: name, secretKey: name, ...limits });
  const service = await startServer({
    authorizationTimeoutMs: 2000,
    apps: [app('b', authorized), app('c', { ...authorized, authorizationTimeoutMs: 1000 })],
  });
  const [own, b, c] = [
    await Client.connect(service),
    await Client.connect(service, { key: 'b' }),
    await Client.connect(service, { key: 'c' }),
  ];
  vi.advanceTimersByTime(1000);
  expect(await c.closed).toMatchObject({ code: 4009 });
  await b.settled();
  vi.advanceTimersByTime(1000);
  expect(await b.closed).toMatchObject({ code: 4009 });
  await own.settled();
});

it('without the option a connection may do nothing for as long as it likes', async () => {
  const service = await startServer();
  const client = await Client.connect(service);
  vi.advanceTimersByTime(3_600_000);
  await client.settled();
  expect(service.api.localConnections).toBe(1);
});

it('a server that closes waits for nobody to be authorised', async () => {
  const service = await startServer(authorized);
  const client = await Client.connect(service);
  await service.close();
  expect(await client.closed).toMatchObject({ code: 4200 });
  expect(vi.getTimerCount()).toBe(0);
});

describe('the quota of an application', () => {
  const options = (app: object): WebSocketOptions => ({
    ...authorized,
    apps: [{ appId: 'b', pubKey: 'b', secretKey: 's', maxConnections: 2, ...app }],
  });
  const signed = (channel: string, { socketId }: Client): object => ({
    auth: authFor(channelText(socketId, channel), { pubKey: 'b', secretKey: 's' }),
  });
  const connect = (service: WebSocketService): Promise<Client> => Client.connect(service, { key: 'b' });

  it('counts connections when they are authorised, so that others cannot use it up', async () => {
    const service = await startServer(options({}));
    const idle = await Promise.all(Array.from({ length: 10 }, () => connect(service)));
    const [first, second, third] = [await connect(service), await connect(service), await connect(service)];
    await first.subscribe('private-a', signed('private-a', first));
    await second.subscribe('private-a', signed('private-a', second));
    third.send('pusher:subscribe', { channel: 'private-a', ...signed('private-a', third) });
    expect(await third.closed).toMatchObject({ code: 4004 });
    await first.subscribe('private-b', signed('private-b', first));
    await second.close();
    await settled(service);
    const [waiting] = idle as [Client];
    await waiting.subscribe('private-a', signed('private-a', waiting));
  });

  itOfEachNode('is full for those who come, too, when it is full', async () => {
    const service = await startServer(options({ maxConnections: 1 }));
    const first = await connect(service);
    await first.subscribe('private-a', signed('private-a', first));
    expect(await new Client(service, { key: 'b' }).closed).toMatchObject({ code: 4004 });
    await first.close();
    await vi.waitFor(async () => (await connect(service)).close());
  });

  it('counts all of them without the option', async () => {
    const service = await startServer({ ...options({}), authorizedConnections: false });
    await Promise.all([connect(service), connect(service)]);
    expect(await new Client(service, { key: 'b' }).closed).toMatchObject({ code: 4004 });
  });
});
