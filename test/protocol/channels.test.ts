import { expect } from 'vitest';
import { behaviour, departure, type Source } from './documents.js';
import { app, connect, grant, hmac, sharedServer, trigger } from './support/server.js';

const server = sharedServer();
const subscribing: Source = ['protocol', 'Subscription Events: pusher:subscribe'];
const naming: Source = ['channels', 'Channel Naming Conventions'];
const unauthorised = { type: 'AuthError', error: expect.any(String), status: 401 };

behaviour('a subscription to a public channel is confirmed', ['protocol', 'CHANGELOG: Version 4'], async () => {
  const client = await connect(server());
  client.send('pusher:subscribe', { channel: 'orders' });
  expect(await client.next('pusher_internal:subscription_succeeded')).toEqual({
    event: 'pusher_internal:subscription_succeeded',
    channel: 'orders',
    data: '{}',
  });
});

behaviour('an event has event, channel and data, which is a text', ['protocol', 'Channel Events'], async () => {
  const client = await connect(server());
  await client.subscribe('orders');
  for (const data of ['{"hello":"world","foo":{"bar":1000}}', 'a simple string', '']) {
    await trigger(server(), ['orders'], 'my-event', data);
    expect(await client.next('my-event')).toEqual({ event: 'my-event', channel: 'orders', data });
  }
});

behaviour('whoever is not subscribed hears nothing', ['channels', 'Channels'], async () => {
  const [client, other] = [await connect(server()), await connect(server())];
  await client.subscribe('dogs');
  await other.subscribe('cats');
  await trigger(server(), ['dogs'], 'bark', '{}');
  await client.next('bark');
  expect(await other.settled()).toEqual([]);
});

behaviour('a client may subscribe to many channels', ['channels', 'Channels'], async () => {
  const client = await connect(server());
  const names = Array.from({ length: 100 }, (_, index) => `channel-${index}`);
  for (const name of names) await client.subscribe(name);
  await trigger(server(), names, 'x', '{}');
  expect((await client.settled()).map(({ channel }) => channel)).toEqual(names);
});

behaviour(
  'after pusher:unsubscribe nothing more comes, and there is no answer',
  ['protocol', 'Subscription Events: pusher:unsubscribe'],
  async () => {
    const client = await connect(server());
    await client.subscribe('orders');
    client.send('pusher:unsubscribe', { channel: 'orders' });
    client.send('pusher:unsubscribe', { channel: 'never-subscribed' });
    expect(await client.settled()).toEqual([]);
    await trigger(server(), ['orders'], 'x', '{}');
    expect(await client.settled()).toEqual([]);
    await client.subscribe('orders');
  },
);

departure(
  'a second subscription to the same channel is answered with pusher:error',
  subscribing,
  'The documents do not say; Pusher answers so.',
  async () => {
    const client = await connect(server());
    await client.subscribe('orders');
    client.send('pusher:subscribe', { channel: 'orders' });
    const { data } = await client.next('pusher:error');
    expect(data).toMatchObject({ message: expect.stringContaining('orders') });
  },
);

for (const name of ['foo-bar_1234@=,.;', 'x'.repeat(164), `private-${'x'.repeat(156)}`])
  behaviour(`${name.slice(0, 20)} (${name.length} characters) is a name`, naming, async () => {
    const client = await connect(server());
    await client.subscribe(name, grant(client, name));
  });

for (const name of [
  '',
  'foo bar',
  'foo/bar',
  'foo:bar',
  'grüße',
  'foo#',
  'x'.repeat(165),
  `private-${'x'.repeat(157)}`,
])
  behaviour(`"${name.slice(0, 20)}" (${name.length} characters) is no name`, naming, async () => {
    const client = await connect(server());
    client.send('pusher:subscribe', { channel: name, ...grant(client, name) });
    const { channel, data } = await client.next('pusher:subscription_error');
    expect([channel, data]).toEqual([name, { type: 'InvalidChannel', error: expect.any(String), status: 400 }]);
  });

for (const name of [
  'private-orders',
  'private-encrypted-orders',
  'private-cache-orders',
  'private-encrypted-cache-orders',
])
  behaviour(`${name} takes who has an authorisation`, subscribing, async () => {
    const client = await connect(server());
    expect(await client.subscribe(name, grant(client, name))).toEqual({});
    await trigger(server(), [name], 'x', '{}');
    expect(await client.next('x')).toMatchObject({ channel: name });
  });

behaviour('an authorisation is KEY:SIGNATURE over SOCKET_ID:CHANNEL', ['signatures', 'Worked examples'], async () => {
  const client = await connect(server());
  const other = await connect(server());
  const right = hmac(`${client.socketId}:private-orders`);
  const wrong = [
    undefined,
    '',
    right,
    `${app.pubKey}:`,
    `${app.pubKey}:${right.toUpperCase()}`,
    `another-key:${right}`,
    `${app.pubKey}:${hmac(`${other.socketId}:private-orders`)}`,
    `${app.pubKey}:${hmac(`${client.socketId}:private-other`)}`,
    `${app.pubKey}:${hmac(client.socketId)}`,
  ];
  for (const auth of wrong) {
    client.send('pusher:subscribe', { channel: 'private-orders', auth });
    const { channel, data } = await client.next('pusher:subscription_error');
    expect([channel, data]).toEqual(['private-orders', unauthorised]);
  }
  await client.subscribe('private-orders', { auth: `${app.pubKey}:${right}` });
});

departure(
  'a subscription that is not authorised is answered with pusher:subscription_error',
  ['protocol', 'System Events: pusher:error'],
  'It says pusher:error; this one names the channel, and has the type, error and status of "pusher:subscription_error" in "Events".',
  async () => {
    const client = await connect(server());
    client.send('pusher:subscribe', { channel: 'private-orders' });
    expect(await client.settled()).toEqual([
      { event: 'pusher:subscription_error', channel: 'private-orders', data: unauthorised },
    ]);
  },
);

behaviour('the data of an encrypted channel passes as it is', ['protocol', 'Encrypted Channel Events'], async () => {
  const client = await connect(server());
  const channel = 'private-encrypted-orders';
  await client.subscribe(channel, grant(client, channel));
  const data =
    '{"nonce":"4sVYwy4j/8dCcjyxtPCWyk19GaaViaW9","ciphertext":"/GMESnFGlbNn01BuBjp31XYa3i9vZsGKR8fgR9EDhXKx3lzGiUD501A="}';
  await trigger(server(), [channel], 'my-event', data);
  expect(await client.next('my-event')).toEqual({ event: 'my-event', channel, data });
});
