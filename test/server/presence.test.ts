import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { WebSocketService } from '../../src/backends/websocket/index.js';
import { authFor, channelText } from '../../src/pusher-protocol/signature.js';
import { PresenceMembers } from '../../src/server/presence.js';
import { itOfEachNode } from '../support/nodes/nodes.js';
import { Client, type Message } from './support/client.js';
import { RawClient } from './support/raw-client.js';
import { credentials, record, startServer } from './support/server.js';

const room = 'presence-room';

function signed(client: Client, channelData: string): object {
  return {
    channel: room,
    channel_data: channelData,
    auth: authFor(channelText(client.socketId, room, channelData), credentials),
  };
}

it('a new member learns who is there, and the others learn of the new member', async () => {
  const service = await startServer();
  const [ann, bob] = await Promise.all([Client.connect(service), Client.connect(service)]);
  const grant = service.authorizeChannel(ann.socketId, room, { id: 'ann', info: { name: 'Ann' } });
  expect(await ann.subscribe(room, grant)).toEqual({
    presence: { ids: ['ann'], hash: { ann: { name: 'Ann' } }, count: 1 },
  });
  expect(await bob.join(service, room, { id: 'bob' })).toEqual({
    presence: { ids: ['ann', 'bob'], hash: { ann: { name: 'Ann' }, bob: null }, count: 2 },
  });
  const added = await ann.next('pusher_internal:member_added');
  expect(added).toEqual({ event: 'pusher_internal:member_added', channel: room, data: '{"user_id":"bob"}' });
  expect(await bob.settled()).toEqual([]);
});

it('a user with two connections is one member, who leaves with the second', async () => {
  const service = await startServer();
  const [watcher, first, second] = await Promise.all([
    Client.connect(service),
    Client.connect(service),
    Client.connect(service),
  ]);
  await watcher.join(service, room, { id: 'watcher' });
  await first.join(service, room, { id: 'ann' });
  expect(await second.join(service, room, { id: 'ann' })).toMatchObject({ presence: { count: 2 } });
  first.send('pusher:unsubscribe', { channel: room });
  await first.settled();
  expect((await watcher.settled()).map(({ event }) => event)).toEqual(['pusher_internal:member_added']);
  expect(await service.channelInfo(room)).toEqual({ occupied: true, subscriptionCount: 2, userCount: 2 });
  second.socket.terminate();
  expect(await watcher.next('pusher_internal:member_removed')).toEqual({
    event: 'pusher_internal:member_removed',
    channel: room,
    data: '{"user_id":"ann"}',
  });
  expect(await service.channelUsers(room)).toEqual(['watcher']);
});

it('a user id that is a number is taken as text', async () => {
  const service = await startServer();
  const client = await Client.connect(service);
  expect(await client.subscribe(room, signed(client, '{"user_id":7}'))).toMatchObject({ presence: { ids: ['7'] } });
});

it('a user called __proto__ is only a user', async () => {
  const service = await startServer();
  const client = await Client.connect(service);
  const { presence } = await client.subscribe(
    room,
    signed(client, '{"user_id":"__proto__","user_info":{"polluted":true}}'),
  );
  expect(presence).toMatchObject({ ids: ['__proto__'], count: 1 });
  expect(JSON.stringify(presence)).toContain('"__proto__":{"polluted":true}');
  expect('polluted' in {}).toBe(false);
});

it.each([
  ['no JSON', 'Ann'],
  ['no object', '"ann"'],
  ['no user id', '{}'],
  ['an empty user id', '{"user_id":""}'],
  ['a user id that is an object', '{"user_id":{}}'],
  ['a user id over 128 characters', JSON.stringify({ user_id: 'x'.repeat(129) })],
  ['over 1 kB', JSON.stringify({ user_id: 'x', user_info: 'é'.repeat(600) })],
])('member data with %s is refused, and the connection stays', async (_what, channelData) => {
  const service = await startServer();
  const client = await Client.connect(service);
  client.send('pusher:subscribe', signed(client, channelData));
  expect((await client.next('pusher:subscription_error')).data).toMatchObject({ type: 'InvalidMember', status: 400 });
  await client.join(service, room, { id: 'x'.repeat(128) });
});

it('member data that was not signed is refused', async () => {
  const service = await startServer();
  const client = await Client.connect(service);
  client.send('pusher:subscribe', { ...signed(client, '{"user_id":"ann"}'), channel_data: '{"user_id":"bob"}' });
  expect((await client.next('pusher:subscription_error')).data).toMatchObject({ type: 'AuthError', status: 401 });
});

it('a presence channel takes only so many users, but any number of their connections', async () => {
  const service = await startServer({ maxPresenceMembers: 2 });
  const clients = await Promise.all(Array.from({ length: 4 }, () => Client.connect(service)));
  const [ann, bob, annAgain, carl] = clients as [Client, Client, Client, Client];
  await ann.join(service, room, { id: 'ann' });
  await bob.join(service, room, { id: 'bob' });
  await annAgain.join(service, room, { id: 'ann' });
  carl.send('pusher:subscribe', { channel: room, ...service.authorizeChannel(carl.socketId, room, { id: 'carl' }) });
  expect((await carl.next('pusher:subscription_error')).data).toMatchObject({ type: 'LimitReached', status: 403 });
});

it('a signed-in user needs no member data', async () => {
  const service = await startServer();
  const client = await Client.connect(service);
  const grant = { channel: room, auth: authFor(channelText(client.socketId, room), credentials) };
  client.send('pusher:subscribe', grant);
  expect((await client.next('pusher:subscription_error')).data).toMatchObject({ type: 'InvalidMember' });
  client.send('pusher:signin', service.authenticateUser(client.socketId, { id: 'ann', user_info: { name: 'Ann' } }));
  await client.next('pusher:signin_success');
  expect(await client.subscribe(room, grant)).toEqual({
    presence: { ids: ['ann'], hash: { ann: { name: 'Ann' } }, count: 1 },
  });
});

it('member data of any depth harms neither its connection nor those that hear of it', async () => {
  const service = await startServer({ maxPresenceMemberBytes: 60_000 });
  const { logged } = record(service);
  const [watcher, ...clients] = await Promise.all(Array.from({ length: 4 }, () => Client.connect(service)));
  await watcher?.join(service, room, { id: 'watcher' });
  for (const [index, client] of clients.entries()) {
    const depth = [100, 5000, 25_000][index] ?? 0;
    client.send('pusher:subscribe', signed(client, `{"user_id":"${depth}","user_info":${nested(depth)}}`));
    const [answer] = await client.settled();
    if (answer?.event !== 'pusher_internal:subscription_succeeded')
      expect(answer).toMatchObject({
        event: 'pusher:subscription_error',
        data: { type: 'InvalidMember', status: 400 },
      });
  }
  const last = await Client.connect(service);
  const { presence } = await last.join(service, room, { id: 'last' });
  expect((presence as { ids: string[] }).ids).toEqual(expect.arrayContaining(['watcher', '100', 'last']));
  const added = await watcher?.next('pusher_internal:member_added');
  expect(added?.data).toBe(`{"user_id":"100","user_info":${nested(100)}}`);
  expect(logged).toEqual([]);
});

it('a signed-in user with more data than a member may have is refused', async () => {
  const service = await startServer({ maxPresenceMemberBytes: 100 });
  const client = await Client.connect(service);
  const grant = { channel: room, auth: authFor(channelText(client.socketId, room), credentials) };
  const signIn = async (about: string): Promise<void> => {
    const user = { id: 'ann', user_info: { about }, more: 'x'.repeat(1000) };
    client.send('pusher:signin', service.authenticateUser(client.socketId, user));
    await client.next('pusher:signin_success');
  };
  await signIn('x'.repeat(100));
  client.send('pusher:subscribe', grant);
  expect((await client.next('pusher:subscription_error')).data).toMatchObject({ type: 'InvalidMember', status: 400 });
  await signIn('short');
  expect(await client.subscribe(room, grant)).toMatchObject({ presence: { hash: { ann: { about: 'short' } } } });
});

it('a connection that the application ends is no member any more, while its socket lingers', async () => {
  const service = await startServer({ closeTimeoutMs: 60_000 });
  const watcher = await Client.connect(service);
  const raw = await RawClient.connect(service);
  await watcher.join(service, room, { id: 'watcher' });
  const grant = service.authorizeChannel(raw.socketId, room, { id: 'ann' });
  raw.writeText(JSON.stringify({ event: 'pusher:subscribe', data: { channel: room, ...grant } }));
  await watcher.next('pusher_internal:member_added');
  expect(await service.api.disconnect(raw.socketId)).toBe(true);
  expect([service.api.localConnections, await service.channelUsers(room)]).toEqual([1, ['watcher']]);
  expect(await service.api.disconnect(raw.socketId)).toBe(false);
  expect((await watcher.next('pusher_internal:member_removed')).data).toBe('{"user_id":"ann"}');
  expect(await raw.closeCode()).toBe(4009);
  raw.destroy();
  await raw.ended;
  expect((await watcher.settled()).length).toBe(0);
});

it.each([
  ['a close frame with 1000', Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8])],
  ['a close frame without a code', Buffer.from([0x88, 0x80, 0, 0, 0, 0])],
  ['a frame that breaks the protocol', Buffer.from([0xc1, 0x80, 0, 0, 0, 0])],
  ['a binary frame', Buffer.from([0x82, 0x80, 0, 0, 0, 0])],
])('a connection that has sent %s is no member any more, while its socket lingers', async (_what, frame) => {
  const service = await startServer({ closeTimeoutMs: 60_000 });
  const watcher = await Client.connect(service);
  const raw = await RawClient.connect(service);
  await watcher.join(service, room, { id: 'watcher' });
  const grant = service.authorizeChannel(raw.socketId, room, { id: 'ann' });
  for (const channel of [room, 'news'])
    raw.writeText(JSON.stringify({ event: 'pusher:subscribe', data: { channel, ...grant } }));
  await watcher.next('pusher_internal:member_added');
  await expect.poll(() => service.api.channels()).toEqual([room, 'news']);
  raw.socket.pause(); // so it does not see the server's end, and does not close
  raw.write(frame);
  expect((await watcher.next('pusher_internal:member_removed')).data).toBe('{"user_id":"ann"}');
  expect([service.api.localConnections, await service.api.channels()]).toEqual([1, [room]]);
  expect(await service.channelUsers(room)).toEqual(['watcher']);
  expect(raw.socket.destroyed).toBe(false);
  raw.destroy();
  await raw.ended;
  expect(await watcher.settled()).toEqual([]);
});

describe('a full channel', () => {
  const info = 'x'.repeat(900);
  const grantOf = (service: WebSocketService, client: Client, id: string) =>
    service.authorizeChannel(client.socketId, room, { id, info });

  itOfEachNode('has its list of members made once for all who subscribe, until a member comes or goes', async () => {
    const listed = vi.spyOn(PresenceMembers.prototype, 'list');
    onTestFinished(() => listed.mockRestore());
    const service = await startServer();
    const clients = await Promise.all(Array.from({ length: 10 }, () => Client.connect(service)));
    for (const client of clients) await client.subscribe(room, grantOf(service, client, 'ann'));
    expect(listed).toHaveBeenCalledTimes(1);
    const bob = await Client.connect(service);
    expect(await bob.subscribe(room, grantOf(service, bob, 'bob'))).toMatchObject({
      presence: { ids: ['ann', 'bob'] },
    });
    bob.send('pusher:unsubscribe', { channel: room });
    await bob.settled();
    const last = await Client.connect(service);
    expect(await last.subscribe(room, grantOf(service, last, 'ann'))).toMatchObject({ presence: { ids: ['ann'] } });
    expect(listed).toHaveBeenCalledTimes(3);
  });

  it('costs a subscription as much as it sends: who comes and goes is refused sooner, and may come again later', async () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(5000);
    onTestFinished(() => now.mockRestore());
    const service = await startServer();
    const [client, ...members] = (await Promise.all(Array.from({ length: 51 }, () => Client.connect(service)))) as [
      Client,
      ...Client[],
    ];
    for (const [index, member] of members.entries()) await member.subscribe(room, grantOf(service, member, `${index}`));
    const grant = grantOf(service, client, 'ann');
    const answers: Message[] = [];
    for (let round = 0; round < 50; round++) {
      client.send('pusher:subscribe', { channel: room, ...grant });
      answers.push(...(await client.settled()));
      client.send('pusher:unsubscribe', { channel: room });
      answers.push(...(await client.settled()));
    }
    const taken = answers.filter(({ event }) => event === 'pusher_internal:subscription_succeeded').length;
    // 220 × 16 384 bytes at once; each time 50 members get a kilobyte, and the client gets all of theirs.
    expect(taken).toBeGreaterThan(10);
    expect(taken).toBeLessThan(40);
    expect(answers.at(-1)?.data).toMatchObject({ type: 'LimitReached', status: 429 });
    now.mockReturnValue(7000);
    await client.subscribe(room, grant);
  });

  it('does not keep a page from taking all its channels at once, when they have some members', async () => {
    const service = await startServer();
    const [client, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
    for (let index = 0; index < 100; index++) {
      const name = `presence-${index}`;
      await other.subscribe(name, service.authorizeChannel(other.socketId, name, { id: 'other', info }));
      await client.subscribe(name, service.authorizeChannel(client.socketId, name, { id: 'ann', info }));
    }
  });
});

function nested(depth: number): string {
  return `${'['.repeat(depth)}${']'.repeat(depth)}`;
}
