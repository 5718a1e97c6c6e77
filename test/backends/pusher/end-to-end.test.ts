import { expect, test } from 'vitest';
import { PushClient } from '../../../src/client/index.js';
import { heard, JsClientClass } from '../../server/support/js-client.js';
import { startServer } from '../../server/support/server.js';
import { browser, serviceOn } from './support/embedded.js';

test.each(['orders', 'private-orders', 'presence-orders', 'cache-orders', 'private-encrypted-orders'])(
  'a message to %s arrives in pusher-js',
  async (name) => {
    const server = await startServer();
    const port = server.address?.port ?? 0;
    const { push, backend } = serviceOn(port);
    const channel = browser(port, backend).subscribe(name);
    await heard(channel, 'pusher:subscription_succeeded');
    const received = heard(channel, 'shipped');
    const data = { orderId: 42, text: '世界' };
    expect((await push.send({ event: 'shipped', channels: name, data })).status).toBe('accepted');
    expect(await received).toEqual(data);
  },
);

test('a batch of encrypted and other messages arrives in pusher-js', async () => {
  const server = await startServer();
  const port = server.address?.port ?? 0;
  const { push, backend } = serviceOn(port);
  const client = browser(port, backend);
  const names = ['private-encrypted-a', 'private-encrypted-b', 'c'];
  const channels = names.map((name) => client.subscribe(name));
  await Promise.all(channels.map((channel) => heard(channel, 'pusher:subscription_succeeded')));
  const received = channels.map((channel) => heard(channel, 'x'));
  await push.sendMany(names.map((name, n) => ({ event: 'x', channels: name, data: { n } })));
  expect(await Promise.all(received)).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
});

test('a message arrives everywhere but at the connection that is left out', async () => {
  const server = await startServer();
  const port = server.address?.port ?? 0;
  const { push, backend } = serviceOn(port);
  const [sender, other] = [browser(port, backend, 'ann'), browser(port, backend, 'bob')];
  const channels = [sender, other].map((client) => client.subscribe('presence-room'));
  await Promise.all(channels.map((channel) => heard(channel, 'pusher:subscription_succeeded')));
  const seen: unknown[] = [];
  channels[0]?.bind('x', (data: unknown) => seen.push(data));
  const last = heard(channels[0] as never, 'last');
  const received = heard(channels[1] as never, 'x');
  const except = sender.connection.socket_id;
  const backendOptions = { info: 'user_count,subscription_count' };
  const report = await push.send({ event: 'x', channels: 'presence-room', data: 1, except, backendOptions });
  expect(report.info).toEqual({ 'presence-room': { userCount: 2, subscriptionCount: 2 } });
  expect(await received).toBe(1);
  await push.send({ event: 'last', channels: 'presence-room', data: 2 });
  await last;
  expect(seen).toEqual([]);
});

test('a message to a user arrives where the user is signed in, until the connections are ended', async () => {
  const server = await startServer();
  const port = server.address?.port ?? 0;
  const { push, backend } = serviceOn(port);
  const client = browser(port, backend, 'auth0|a b');
  client.signin();
  await expect.poll(() => server.api.channels()).toEqual(['#server-to-user-auth0|a b']);
  const received = [heard(client.user, 'one'), heard(client.user, 'two')];
  await push.send({ event: 'one', channels: '#server-to-user-auth0|a b', data: { n: 1 } });
  await backend.sendToUser('auth0|a b', 'two', { n: 2 });
  expect(await Promise.all(received)).toEqual([{ n: 1 }, { n: 2 }]);
  const gone = heard(client.connection, 'disconnected');
  await backend.terminateUserConnections('auth0|a b');
  await gone;
});

test('the channels can be asked about', async () => {
  const server = await startServer();
  const port = server.address?.port ?? 0;
  const { push, backend } = serviceOn(port);
  await heard(browser(port, backend).subscribe('presence-room'), 'pusher:subscription_succeeded');
  expect(await push.channel('presence-room').info()).toEqual({ occupied: true, subscriptionCount: 1, userCount: 1 });
  expect(await push.channel('presence-room').users()).toEqual(['ann']);
  expect(await backend.channels({ prefix: 'presence-', info: 'user_count' })).toEqual({
    'presence-room': { userCount: 1 },
  });
  expect(await backend.channelInfo('#server-to-user-x y')).toMatchObject({ occupied: false });
});

test('PushClient connects with what clientConfig() says', async () => {
  const server = await startServer();
  const port = server.address?.port ?? 0;
  const { push, backend } = serviceOn(port);
  const customHandler = (
    { socketId, channelName }: { socketId: string; channelName: string },
    callback: (error: null, grant: object) => void,
  ): void => callback(null, backend.authorizeChannel(socketId, channelName));
  const client = new PushClient(await push.clientConfig(), {
    Pusher: JsClientClass,
    pusher: { channelAuthorization: { customHandler } },
  });
  const subscribed = new Promise((resolve) => client.bind('pusher:subscription_succeeded', resolve));
  client.subscribe('private-encrypted-a');
  client.connect();
  await subscribed;
  const received = new Promise((resolve) => client.bind('x', resolve));
  await push.send({ event: 'x', channels: 'private-encrypted-a', data: { n: 1 } });
  expect(await received).toEqual({ n: 1 });
  client.disconnect();
});
