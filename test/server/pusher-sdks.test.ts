import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Pusher from 'pusher';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocketService } from '../../src/backends/websocket/index.js';
import { deliver } from '../support/deliver.js';
import { settled } from '../support/nodes/nodes.js';
import { Client } from './support/client.js';
import { type Bindable, heard, JsClientClass, jsClient } from './support/js-client.js';
import { context, credentials, message, portOf, startServer } from './support/server.js';

function sdkOf(service: WebSocketService, secret: string = credentials.secretKey): Pusher {
  return new Pusher({
    appId: 'app',
    key: 'key',
    secret,
    host: '127.0.0.1',
    port: String(portOf(service)),
    useTLS: false,
  });
}

it.each(['orders', 'private-orders', 'presence-orders', 'cache-orders'])(
  'the pusher package triggers on %s, and pusher-js receives',
  async (name) => {
    const service = await startServer();
    const channel = jsClient(service).subscribe(name);
    await heard(channel, 'pusher:subscription_succeeded');
    const received = heard(channel, 'shipped');
    const response = await sdkOf(service).trigger(name, 'shipped', { orderId: 42, text: '世界' });
    expect([response.status, await response.json()]).toEqual([200, {}]);
    expect(await received).toEqual({ orderId: 42, text: '世界' });
  },
);

it('the pusher package excludes a socket, and gets info about the channels', async () => {
  const service = await startServer();
  const [sender, other] = [jsClient(service, 'ann'), jsClient(service, 'bob')];
  const channels = [sender, other].map((client) => client.subscribe('presence-a'));
  await Promise.all(channels.map((channel) => heard(channel, 'pusher:subscription_succeeded')));
  const seen: string[] = [];
  channels[0]?.bind('x', () => seen.push('sender'));
  const received = heard(channels[1] as Bindable, 'x');
  const response = await sdkOf(service).trigger(
    ['presence-a', 'b'],
    'x',
    {},
    { socket_id: sender.connection.socket_id, info: 'user_count,subscription_count' },
  );
  expect(await response.json()).toEqual({
    channels: { 'presence-a': { user_count: 2, subscription_count: 2 }, b: { subscription_count: 0 } },
  });
  await received;
  const answered = new Promise<void>((resolve) => {
    sender.connection.bind('message', ({ event }: { event: string }) => event === 'pusher:pong' && resolve());
  });
  sender.send_event('pusher:ping', {});
  await answered;
  expect(seen).toEqual([]);
});

it('the pusher package triggers batches', async () => {
  const service = await startServer();
  const channel = jsClient(service).subscribe('a');
  await heard(channel, 'pusher:subscription_succeeded');
  const received = [heard(channel, 'one'), heard(channel, 'two')];
  await sdkOf(service).triggerBatch([
    { channel: 'a', name: 'one', data: { n: 1 } },
    { channel: 'a', name: 'two', data: 'text' },
  ]);
  expect(await Promise.all(received)).toEqual([{ n: 1 }, 'text']);
});

it('the pusher package asks about channels', async () => {
  const service = await startServer();
  await heard(jsClient(service).subscribe('presence-a'), 'pusher:subscription_succeeded');
  const sdk = sdkOf(service);
  const ask = async (path: string, params = {}) => (await sdk.get({ path, params })).json();
  expect(await ask('/channels', { filter_by_prefix: 'presence-', info: 'user_count' })).toEqual({
    channels: { 'presence-a': { user_count: 1 } },
  });
  expect(await ask('/channels/presence-a', { info: 'user_count,subscription_count' })).toEqual({
    occupied: true,
    user_count: 1,
    subscription_count: 1,
  });
  expect(await ask('/channels/presence-a/users')).toEqual({ users: [{ id: 'ann' }] });
});

it('the pusher package asks how many connections there are, those without a channel among them', async () => {
  const service = await startServer({ apps: [{ appId: 'other', pubKey: 'other-key', secretKey: 'other-secret' }] });
  for (const key of ['key', 'key', 'other-key']) await Client.connect(service, { key });
  const connections = async (): Promise<unknown> => (await sdkOf(service).get({ path: '/connections' })).json();
  await settled(service);
  expect(await connections()).toEqual({ connections: 2 });
  await (await Client.connect(service)).close();
  await expect.poll(connections).toEqual({ connections: 2 });
  await expect(sdkOf(service, 'wrong').get({ path: '/connections' })).rejects.toMatchObject({ status: 401 });
  await expect(sdkOf(service).get({ path: '/connections/one' })).rejects.toMatchObject({ status: 404 });
});

it('the pusher package sends to a signed-in user, and ends their connections for good', async () => {
  const service = await startServer();
  const client = jsClient(service, 'auth0|a b');
  client.signin();
  await expect.poll(() => service.api.channels()).toEqual(['#server-to-user-auth0|a b']);
  const received = heard(client.user, 'hello');
  await sdkOf(service).sendToUser('auth0|a b', 'hello', { n: 1 });
  expect(await received).toEqual({ n: 1 });
  const gone = heard(client.connection, 'disconnected');
  await sdkOf(service).terminateUserConnections('auth0|a b');
  await gone;
  expect(client.connection.state).toBe('disconnected');
});

it('the pusher package is told when its secret is wrong', async () => {
  const service = await startServer();
  await expect(sdkOf(service, 'wrong').trigger('a', 'x', {})).rejects.toMatchObject({
    status: 401,
    body: expect.stringContaining('auth_signature'),
  });
});

it('the authorisations of the pusher package are taken, and ours are the same', async () => {
  const service = await startServer();
  const sdk = sdkOf(service);
  expect(service.authorizeChannel('1.2', 'private-a')).toEqual(sdk.authorizeChannel('1.2', 'private-a'));
  expect(service.authorizeChannel('1.2', 'presence-a', { id: 'ann', info: { name: 'Ann' } })).toEqual(
    sdk.authorizeChannel('1.2', 'presence-a', { user_id: 'ann', user_info: { name: 'Ann' } }),
  );
  expect(service.authenticateUser('1.2', { id: 'ann', name: 'Ann' })).toEqual(
    sdk.authenticateUser('1.2', { id: 'ann', name: 'Ann' }),
  );
});

it('pusher-js members come and go', async () => {
  const service = await startServer();
  const [ann, bob] = [jsClient(service, 'ann'), jsClient(service, 'bob')];
  const room = ann.subscribe('presence-room');
  await heard(room, 'pusher:subscription_succeeded');
  const added = heard(room, 'pusher:member_added');
  await heard(bob.subscribe('presence-room'), 'pusher:subscription_succeeded');
  expect(await added).toEqual({ id: 'bob', info: { name: 'BOB' } });
  const removed = heard(room, 'pusher:member_removed');
  bob.disconnect();
  expect(await removed).toMatchObject({ id: 'bob' });
});

it('pusher-js clients send each other client events', async () => {
  const service = await startServer();
  const channels = [jsClient(service, 'ann'), jsClient(service, 'bob')].map((client) =>
    client.subscribe('presence-room'),
  );
  await Promise.all(channels.map((channel) => heard(channel, 'pusher:subscription_succeeded')));
  const received = new Promise((resolve) =>
    channels[1]?.bind('client-x', (data: unknown, metadata: unknown) => resolve([data, metadata])),
  );
  channels[0]?.trigger('client-x', { n: 1 });
  expect(await received).toEqual([{ n: 1 }, { user_id: 'ann' }]);
});

// pusher-js for Node does not notice a refused connection before its own timeout of 15 s, so the port stays open here.
it('pusher-js comes back by itself to the server that takes over', async () => {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(() => void http.close());
  const [first, second] = [new WebSocketService(credentials), new WebSocketService(credentials)];
  onTestFinished(() => second.close());
  first.attach(http);
  const channel = jsClient(first, 'ann', (http.address() as AddressInfo).port).subscribe('private-a');
  await heard(channel, 'pusher:subscription_succeeded');
  const back = heard(channel, 'pusher:subscription_succeeded');
  second.attach(http);
  await first.close();
  await back;
  const received = heard(channel, 'x');
  await deliver(second, ['private-a'], message('x', { n: 1 }), context);
  expect(await received).toEqual({ n: 1 });
});

it('pusher-js is told of a key that no application has, and does not come back', async () => {
  const service = await startServer();
  const client = new JsClientClass('unknown', {
    cluster: '',
    wsHost: '127.0.0.1',
    wsPort: portOf(service),
    forceTLS: false,
    enabledTransports: ['ws'],
  });
  onTestFinished(() => client.disconnect());
  const error = await heard(client.connection, 'error');
  expect(error).toMatchObject({ error: { data: { code: 4001 } } });
});
