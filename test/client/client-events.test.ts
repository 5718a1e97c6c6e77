import { expect, it, onTestFinished } from 'vitest';
import { type IncomingMessage, PushClient, PushClientError } from '../../src/client/index.js';
import { startAuthServer } from './auth-server.js';
import { Pusher, useEmbeddedServer } from './embedded-server.js';
import { FakePusher } from './fake-pusher.js';

const service = useEmbeddedServer();

/** A page of the user. */
async function pageOf(user: string): Promise<PushClient> {
  const application = await startAuthServer(({ form }) => {
    const channel = form.get('channel_name') ?? '';
    const member = channel.startsWith('presence-') ? { id: user, info: { name: user } } : undefined;
    return service()
      .channel(channel)
      .authorize(form.get('socket_id') ?? '', member);
  });
  const config = { ...(await service().clientConfig()), host: '127.0.0.1', channels: [] };
  const client = new PushClient(config, { Pusher, auth: { endpoint: application.origin } });
  // The server closes before the pages do.
  client.onError(() => {});
  onTestFinished(() => client.disconnect());
  client.connect();
  return client;
}

it('an event that one page sends reaches the others of the channel, with who sent it, and not itself', async () => {
  const [ann, ben] = [await pageOf('ann'), await pageOf('ben')];
  const heard: IncomingMessage[] = [];
  const [room, roomOfBen] = [ann.channel('presence-room'), ben.channel('presence-room')];
  room.bind('client-typing', (_data, message) => heard.push(message));
  const echoed: unknown[] = [];
  roomOfBen.bind('client-typing', (data) => echoed.push(data));
  expect(roomOfBen.trigger('client-typing', { isTyping: true })).toBe(false);
  await expect.poll(() => room.members.size).toBe(2);
  await expect.poll(() => roomOfBen.isSubscribed).toBe(true);
  expect(roomOfBen.trigger('client-typing', { isTyping: true })).toBe(true);
  await expect
    .poll(() => heard)
    .toEqual([{ channel: 'presence-room', event: 'client-typing', data: { isTyping: true }, userId: 'ben' }]);
  expect(echoed).toEqual([]);
});

it('members come and go with the pages of a user, of which several are one member', async () => {
  const [ann, ben, benAgain] = [await pageOf('ann'), await pageOf('ben'), await pageOf('ben')];
  const told: unknown[] = [];
  ann.channel('presence-room').onMembersChange((members, { joined, left }) => told.push([members.size, joined, left]));
  await expect.poll(() => told).toHaveLength(1);
  const leave = [ben, benAgain].map((page) => page.channel('presence-room').bindAll(() => {}));
  await expect.poll(() => benAgain.channel('presence-room').isSubscribed).toBe(true);
  await expect.poll(() => ben.channel('presence-room').isSubscribed).toBe(true);
  expect([...benAgain.channel('presence-room').members.keys()].sort()).toEqual(['ann', 'ben']);
  leave[0]?.();
  leave[1]?.();
  await expect
    .poll(() => told)
    .toEqual([
      [1, ['ann'], []],
      [2, ['ben'], []],
      [1, [], ['ben']],
    ]);
});

it('the channel is vacated when the last listener has gone', async () => {
  const page = await pageOf('ann');
  const [first, second] = [page.channel('private-orders'), page.channel('private-orders')];
  const removers = [first.bind('paid', () => {}), second.bind('paid', () => {})];
  await expect.poll(() => first.isSubscribed).toBe(true);
  removers[0]?.();
  await expect.poll(async () => (await service().channel('private-orders').info()).occupied).toBe(true);
  removers[1]?.();
  await expect.poll(async () => (await service().channel('private-orders').info()).occupied).toBe(false);
  expect(second.isSubscribed).toBe(false);
});

it('an event of another name, and one for another channel, is refused at once and not sent', () => {
  const client = new PushClient(
    { backend: 'websocket', key: 'key', host: 'localhost', channels: [] },
    { Pusher: FakePusher },
  );
  client.connect();
  for (const name of ['private-a', 'presence-a', 'public']) client.subscribe(name);
  for (const channel of FakePusher.last?.channels.values() ?? []) channel.subscribed = true;
  expect(() => client.channel('private-a').trigger('typing' as 'client-typing', 1)).toThrow(
    new TypeError('A page cannot send the event "typing": its name must begin with "client-".'),
  );
  for (const name of ['public', 'private-encrypted-a']) {
    const trigger = (): boolean => client.channel(name).trigger('client-typing', 1);
    expect(trigger).toThrow(PushClientError);
    expect(trigger).toThrow(/cannot send events on ".*": it must be private or presence, and not encrypted/);
  }
  expect(client.channel('private-a').trigger('client-typing', 1)).toBe(true);
  expect(client.channel('presence-a').trigger('client-typing', 1)).toBe(true);
  expect(client.channel('presence-other').trigger('client-typing', 1)).toBe(false);
  expect([...(FakePusher.last?.channels ?? [])].map(([name, { triggered }]) => [name, triggered.length])).toEqual([
    ['private-a', 1],
    ['presence-a', 1],
    ['public', 0],
  ]);
});
