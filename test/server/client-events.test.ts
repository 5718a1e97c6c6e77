import { expect, it, onTestFinished, vi } from 'vitest';
import { Client } from './support/client.js';
import { record, startServer } from './support/server.js';

it('a client event reaches the other subscribers and is not echoed', async () => {
  const service = await startServer();
  const [sender, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
  await Promise.all([sender.join(service, 'private-a'), other.join(service, 'private-a')]);
  sender.send('client-typing', { on: true }, 'private-a');
  expect(await other.next('client-typing')).toEqual({
    event: 'client-typing',
    channel: 'private-a',
    data: '{"on":true}',
  });
  expect(await sender.settled()).toEqual([]);
});

it('on a presence channel the server adds who sent it, whatever the client says', async () => {
  const service = await startServer();
  const [sender, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
  await sender.join(service, 'presence-a', { id: 'ann' });
  await other.join(service, 'presence-a', { id: 'bob' });
  sender.socket.send(JSON.stringify({ event: 'client-x', channel: 'presence-a', data: 'text', user_id: 'bob' }));
  expect(await other.next('client-x')).toEqual({
    event: 'client-x',
    channel: 'presence-a',
    data: 'text',
    user_id: 'ann',
  });
});

it.each([
  ['a public channel', 'public', /private and presence/],
  ['an encrypted channel', 'private-encrypted-a', /encrypted/],
  ['no channel', undefined, /private and presence/],
])('a client event to %s is refused', async (_what, channel, words) => {
  const service = await startServer();
  const [sender, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
  for (const client of [sender, other]) {
    await client.subscribe('public');
    await client.join(service, 'private-encrypted-a');
  }
  sender.send('client-x', {}, channel);
  expect((await sender.next('pusher:error')).data).toEqual({ code: null, message: expect.stringMatching(words) });
  expect(await other.settled()).toEqual([]);
});

it('a client event to a channel one is not subscribed to is refused', async () => {
  const service = await startServer();
  const [sender, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
  await other.join(service, 'private-a');
  sender.send('client-x', {}, 'private-a');
  expect((await sender.next('pusher:error')).data).toMatchObject({
    code: null,
    message: expect.stringContaining('subscription'),
  });
  expect(await other.settled()).toEqual([]);
});

it('a client event with a name or data over the limits is refused', async () => {
  const service = await startServer({ maxEventBytes: 100 });
  const [sender, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
  await Promise.all([sender.join(service, 'private-a'), other.join(service, 'private-a')]);
  sender.send(`client-${'x'.repeat(194)}`, {}, 'private-a');
  sender.send('client-x', 'é'.repeat(51), 'private-a');
  sender.send('client-ok', 'é'.repeat(50), 'private-a');
  expect((await sender.settled()).map(({ event }) => event)).toEqual(['pusher:error', 'pusher:error']);
  expect((await other.settled()).map(({ event }) => event)).toEqual(['client-ok']);
});

it('a client that sends too many events gets error 4301 and keeps its connection', async () => {
  const service = await startServer({ clientEventsPerSecond: 3 });
  const [sender, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
  await Promise.all([sender.join(service, 'private-a'), other.join(service, 'private-a')]);
  // Enough to be over the limit even when a second ends in between.
  for (let index = 0; index < 20; index++) sender.send('client-x', index, 'private-a');
  const errors = await sender.settled();
  expect(errors.length).toBeGreaterThanOrEqual(14);
  expect(errors[0]?.data).toEqual({ code: 4301, message: expect.any(String) });
  expect((await other.settled()).length).toBe(20 - errors.length);
});

it('a second later the client may send again', async () => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(5000);
  onTestFinished(() => now.mockRestore());
  const service = await startServer({ clientEventsPerSecond: 1 });
  const sender = await Client.connect(service);
  await sender.join(service, 'private-a');
  sender.send('client-x', 1, 'private-a');
  sender.send('client-x', 2, 'private-a');
  expect((await sender.settled()).map(({ event }) => event)).toEqual(['pusher:error']);
  now.mockReturnValue(6000);
  sender.send('client-x', 3, 'private-a');
  expect(await sender.settled()).toEqual([]);
});

it('an application can switch client events off', async () => {
  const service = await startServer({ apps: [{ appId: 'b', pubKey: 'b', secretKey: 'b', clientEvents: false }] });
  const client = await Client.connect(service, { key: 'b' });
  client.send('client-x', {}, 'private-a');
  expect((await client.next('pusher:error')).data).toMatchObject({ message: expect.stringContaining('switched off') });
});

it('an application can take client events from those who are not subscribed', async () => {
  const service = await startServer({ clientEvents: 'all' });
  const { received } = record(service);
  const [sender, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
  await Promise.all([other.join(service, 'private-a'), other.join(service, 'presence-a', { id: 'ann' })]);
  await service.subscribe('private-nobody');
  for (const channel of ['private-a', 'presence-a', 'private-nobody'])
    sender.socket.send(JSON.stringify({ event: 'client-x', channel, data: 'text', user_id: 'ann' }));
  expect(await sender.settled()).toEqual([]);
  expect(await other.settled()).toEqual(
    ['private-a', 'presence-a'].map((channel) => ({ event: 'client-x', channel, data: 'text' })),
  );
  expect(received).toEqual([{ channel: 'private-nobody', event: 'client-x', data: 'text' }]);
});

it.each(['public', 'private-encrypted-a', 'private-ä', `private-${'x'.repeat(157)}`])(
  'and even then the channel %s gets none',
  async (channel) => {
    const service = await startServer({ clientEvents: 'all' });
    const { received } = record(service);
    const sender = await Client.connect(service);
    await service.subscribe(channel);
    sender.send('client-x', {}, channel);
    expect((await sender.settled()).map(({ event }) => event)).toEqual(['pusher:error']);
    expect(received).toEqual([]);
  },
);

it.each<[string, boolean | 'members' | undefined, string]>([
  ['its subscribers alone', 'members', 'need a subscription'],
  ['its subscribers alone, which is true', true, 'need a subscription'],
  ['nobody', false, 'switched off'],
])('of a server that takes them from all, an application can take them from %s', async (_who, clientEvents, words) => {
  const other = { appId: 'b', pubKey: 'b', secretKey: 'b', clientEvents };
  const service = await startServer({ clientEvents: 'all', apps: [other] });
  for (const key of ['key', 'b']) {
    const client = await Client.connect(service, { key });
    client.send('client-x', {}, 'private-a');
    const errors = (await client.settled()).map((error) => client.dataOf(error)['message']);
    expect(errors).toEqual(key === 'key' ? [] : [expect.stringContaining(words)]);
  }
});

it('a connection that sends too many events ends with 4100 where the options say so, and reads nothing more', async () => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(5000);
  onTestFinished(() => now.mockRestore());
  const service = await startServer({ clientEventsPerSecond: 2, clientEventExcess: 'close' });
  const [sender, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
  await Promise.all([sender.join(service, 'private-a'), other.join(service, 'private-a')]);
  for (let index = 0; index < 10; index++) sender.send('client-x', index, 'private-a');
  const words = 'A client may send 2 events a second';
  expect((await sender.next('pusher:error')).data).toEqual({ code: 4100, message: words });
  expect(await sender.closed).toEqual({ code: 4100, reason: words });
  expect(sender.received).toEqual([]);
  expect((await other.settled()).map(({ data }) => data)).toEqual(['0', '1']);
  expect(service.api.localConnections).toBe(1);
});

it('client events come in through receive where the channel is subscribed to, with the user who sent them', async () => {
  const service = await startServer();
  const { received } = record(service);
  const client = await Client.connect(service);
  await client.join(service, 'presence-a', { id: 'ann' });
  await service.subscribe('presence-a');
  client.send('client-x', { n: 1 }, 'presence-a');
  await client.settled();
  expect(received).toEqual([{ channel: 'presence-a', event: 'client-x', data: { n: 1 }, userId: 'ann' }]);
});

const depth = 30_000;
const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;

it.each([
  ['to a channel one is subscribed to', 'private-a'],
  ['to one that one is not subscribed to', 'private-b'],
])('data that is nested however deep, %s, is answered with an error', async (_what, channel) => {
  const service = await startServer({ maxEventBytes: 1000 });
  const [sender, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
  await Promise.all([sender.join(service, 'private-a'), other.join(service, 'private-a')]);
  sender.socket.send(`{"event":"client-x","channel":"${channel}","data":${deep}}`);
  expect((await sender.settled()).map(({ event }) => event)).toEqual(['pusher:error']);
  expect(await other.settled()).toEqual([]);
});

it('an error does not echo more of a name than a name may have', async () => {
  const service = await startServer();
  const client = await Client.connect(service);
  client.send('client-x', {}, `private-${'x'.repeat(60_000)}`);
  const { message: words } = client.dataOf(await client.next('pusher:error'));
  expect(String(words).length).toBeLessThan(250);
});
