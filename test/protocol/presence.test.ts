import { expect } from 'vitest';
import { behaviour, departure, type Source } from './documents.js';
import { app, connect, grant, hmac, join, sharedServer, signIn } from './support/server.js';

const server = sharedServer();
const limits: Source = ['presence', 'Presence channels: limits'];

behaviour(
  'whoever joins is told all members: ids, hash and count',
  ['protocol', 'Presence Channel Events: pusher_internal:subscription_succeeded'],
  async () => {
    const channel = 'presence-example-channel';
    const [phil, max] = [await connect(server()), await connect(server())];
    expect(await join(phil, channel, '11814b', { name: 'Phil' })).toEqual({
      presence: { ids: ['11814b'], hash: { '11814b': { name: 'Phil' } }, count: 1 },
    });
    expect(await join(max, channel, '71dd6a', { name: 'Max' })).toEqual({
      presence: {
        ids: ['11814b', '71dd6a'],
        hash: { '11814b': { name: 'Phil' }, '71dd6a': { name: 'Max' } },
        count: 2,
      },
    });
  },
);

behaviour(
  'the others are told of whoever joins, and whoever joins is not',
  ['protocol', 'Presence Channel Events: pusher_internal:member_added'],
  async () => {
    const channel = 'presence-added';
    const [ann, ben] = [await connect(server()), await connect(server())];
    await join(ann, channel, 'ann');
    await join(ben, channel, 'ben', { name: 'Ben' });
    const { data, ...rest } = await ann.next('pusher_internal:member_added');
    expect(rest).toEqual({ event: 'pusher_internal:member_added', channel });
    expect(JSON.parse(String(data))).toEqual({ user_id: 'ben', user_info: { name: 'Ben' } });
    expect(await ben.settled()).toEqual([]);
  },
);

for (const [how, leave] of [
  ['unsubscribes', (client) => client.send('pusher:unsubscribe', { channel: 'presence-removed' })],
  ['closes its connection', (client) => client.socket.close()],
  ['loses its connection', (client) => client.socket.terminate()],
] as [string, (client: Awaited<ReturnType<typeof connect>>) => void][])
  behaviour(
    `the others are told of whoever ${how}`,
    ['protocol', 'Presence Channel Events: pusher_internal:member_removed'],
    async () => {
      const channel = 'presence-removed';
      const [ann, ben] = [await connect(server()), await connect(server())];
      await join(ann, channel, `ann-${how}`);
      await join(ben, channel, `ben-${how}`);
      leave(ben);
      const { data, ...rest } = await ann.next('pusher_internal:member_removed');
      expect(rest).toEqual({ event: 'pusher_internal:member_removed', channel });
      expect(JSON.parse(String(data))).toEqual({ user_id: `ben-${how}` });
    },
  );

behaviour(
  'a user with several connections joins with the first, and leaves with the last',
  ['presence', 'Events: pusher:member_added, pusher:member_removed'],
  async () => {
    const channel = 'presence-tabs';
    const [ann, one, two] = [await connect(server()), await connect(server()), await connect(server())];
    await join(ann, channel, 'ann');
    await join(one, channel, 'ben');
    expect(await join(two, channel, 'ben')).toMatchObject({ presence: { ids: ['ann', 'ben'], count: 2 } });
    one.send('pusher:unsubscribe', { channel });
    await one.settled();
    expect((await ann.settled()).map(({ event }) => event)).toEqual(['pusher_internal:member_added']);
    two.send('pusher:unsubscribe', { channel });
    await two.settled();
    expect((await ann.settled()).map(({ event }) => event)).toEqual(['pusher_internal:member_removed']);
  },
);

behaviour('the signature covers the member', ['signatures', 'Presence channels'], async () => {
  const client = await connect(server());
  const channel = 'presence-signed';
  const channelData = '{"user_id":"ann","user_info":{"name":"Ann"}}';
  const { auth } = grant(client, channel, channelData) as { auth: string };
  const wrong = [
    { auth, channel_data: channelData.replace('ann', 'ben') },
    { auth },
    { auth: `${app.pubKey}:${hmac(`${client.socketId}:${channel}`)}`, channel_data: channelData },
    { auth: `${app.pubKey}:${hmac(`${client.socketId}:presence-other:${channelData}`)}`, channel_data: channelData },
  ];
  for (const refused of wrong) {
    client.send('pusher:subscribe', { channel, ...refused });
    expect((await client.next('pusher:subscription_error')).data).toMatchObject({ type: 'AuthError', status: 401 });
  }
  await client.subscribe(channel, { auth, channel_data: channelData });
});

behaviour('a user id may be a number, which is told as a text', ['signatures', 'Presence channels'], async () => {
  const client = await connect(server());
  expect(await join(client, 'presence-number', 10, { name: 'Mr. Channels' })).toEqual({
    presence: { ids: ['10'], hash: { 10: { name: 'Mr. Channels' } }, count: 1 },
  });
});

behaviour('a member needs a user_id', ['protocol', 'Subscription Events: pusher:subscribe'], async () => {
  const client = await connect(server());
  for (const channelData of ['{}', '{"user_id":""}', '{"user_id":null}', '7', 'ann']) {
    client.send('pusher:subscribe', { channel: 'presence-x', ...grant(client, 'presence-x', channelData) });
    expect((await client.next('pusher:subscription_error')).data).toMatchObject({ type: 'InvalidMember', status: 400 });
  }
});

behaviour('100 members, and no more; a further connection of one is no member', limits, async () => {
  const channel = 'presence-full';
  const clients = await Promise.all(Array.from({ length: 101 }, () => connect(server())));
  for (const [index, client] of clients.slice(0, 100).entries()) await join(client, channel, `user-${index}`);
  const last = clients[100];
  if (last === undefined) throw new Error('There is no last client.');
  last.send('pusher:subscribe', { channel, ...grant(last, channel, '{"user_id":"one-too-many"}') });
  expect((await last.next('pusher:subscription_error')).data).toMatchObject({ type: 'LimitReached', status: 403 });
  expect(await join(last, channel, 'user-7')).toMatchObject({ presence: { count: 100 } });
});

behaviour('a user id has up to 128 characters', limits, async () => {
  const client = await connect(server());
  await join(client, 'presence-long', 'x'.repeat(128));
  const channelData = JSON.stringify({ user_id: 'x'.repeat(129) });
  client.send('pusher:subscribe', { channel: 'presence-longer', ...grant(client, 'presence-longer', channelData) });
  expect((await client.next('pusher:subscription_error')).data).toMatchObject({ type: 'InvalidMember' });
});

behaviour('a member has up to 1 kB', limits, async () => {
  const client = await connect(server());
  const sized = (bytes: number): string => {
    const rest = '{"user_id":"ann","user_info":""}';
    return rest.replace('""', `"${'x'.repeat(bytes - rest.length)}"`);
  };
  await client.subscribe('presence-large', grant(client, 'presence-large', sized(1024)));
  client.send('pusher:subscribe', { channel: 'presence-larger', ...grant(client, 'presence-larger', sized(1025)) });
  expect((await client.next('pusher:subscription_error')).data).toMatchObject({ type: 'InvalidMember' });
});

departure(
  'who is signed in needs no member in the authorisation',
  ['signatures', 'Presence channels'],
  'It asks for one always; "pusher:signin" in the protocol lends the channel the user and their user_info.',
  async () => {
    const client = await connect(server());
    await signIn(client, 'ann', { name: 'Ann' });
    expect(await client.subscribe('presence-signed-in', grant(client, 'presence-signed-in'))).toEqual({
      presence: { ids: ['ann'], hash: { ann: { name: 'Ann' } }, count: 1 },
    });
  },
);
