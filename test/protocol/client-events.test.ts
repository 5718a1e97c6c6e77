import { expect } from 'vitest';
import type { Client } from '../server/support/client.js';
import { behaviour, departure, type Source } from './documents.js';
import { connect, grant, hmac, join, sharedServer, signIn } from './support/server.js';

const silent = { appId: '4', pubKey: 'silent', secretKey: '7ad3773142a6692b25b8', clientEvents: false };
const server = sharedServer({ apps: [silent] });
const triggering: Source = ['protocol', 'Triggering Channel Client Events'];
const restrictions: Source = ['events', 'Triggering client events'];

/** Clients on a private channel. */
async function members(count: number, channel: string): Promise<readonly Client[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => connect(server())));
  for (const client of clients) await client.subscribe(channel, grant(client, channel));
  return clients;
}

/** Asserts that an event is refused and that nobody hears it. */
async function refused([sender, other]: readonly Client[], event: string, channel: string): Promise<void> {
  sender?.send(event, {}, channel);
  expect((await sender?.settled())?.map((answer) => answer.event)).toEqual(['pusher:error']);
  expect(await other?.settled()).toEqual([]);
}

behaviour('an event reaches the others on the channel, and not its sender', ['events', 'Message routing'], async () => {
  const channel = 'private-chat';
  const [sender, ...others] = await members(3, channel);
  sender?.send('client-typing', { some: 'data' }, channel);
  for (const other of others)
    expect(await other.next('client-typing')).toEqual({ event: 'client-typing', channel, data: '{"some":"data"}' });
  expect(await sender?.settled()).toEqual([]);
});

for (const [sent, arrives] of [
  [{ hello: 'world' }, '{"hello":"world"}'],
  ['a simple string', 'a simple string'],
  ['{"json":"in a text"}', '{"json":"in a text"}'],
  [[1, 2], '[1,2]'],
  [7, '7'],
] as const)
  behaviour(`the data ${JSON.stringify(sent)} arrives as the text ${arrives}`, triggering, async () => {
    const [sender, other] = await members(2, 'private-data');
    sender?.send('client-data', sent, 'private-data');
    expect((await other?.next('client-data'))?.data).toBe(arrives);
  });

behaviour(
  'on a presence channel, the event has the user_id of its sender',
  ['protocol', 'Channel Events: user_id'],
  async () => {
    const [ann, ben] = [await connect(server()), await connect(server())];
    await join(ann, 'presence-chat', 'ann');
    await join(ben, 'presence-chat', 'ben');
    ann.send('client-typing', {}, 'presence-chat');
    expect(await ben.next('client-typing')).toMatchObject({ user_id: 'ann' });
  },
);

behaviour(
  'on a private channel it has none, though the sender is signed in',
  ['protocol', 'Channel Events: user_id'],
  async () => {
    const [sender, other] = await members(2, 'private-chat');
    if (sender !== undefined) await signIn(sender, 'ann');
    sender?.send('client-typing', {}, 'private-chat');
    expect(await other?.next('client-typing')).not.toHaveProperty('user_id');
  },
);

behaviour('an event with another prefix is refused', restrictions, async () => {
  const clients = await members(2, 'private-chat');
  for (const event of ['typing', 'Client-typing', 'pusher:typing', 'pusher_internal:member_added'])
    await refused(clients, event, 'private-chat');
});

behaviour('an event on a public channel is refused', restrictions, async () => {
  const clients = [await connect(server()), await connect(server())];
  for (const client of clients) await client.subscribe('chat');
  await refused(clients, 'client-typing', 'chat');
});

behaviour('an event on a channel that the sender is not subscribed to is refused', restrictions, async () => {
  const [, other] = await members(2, 'private-chat');
  const stranger = await connect(server());
  if (other !== undefined) await refused([stranger, other], 'client-typing', 'private-chat');
});

behaviour('where client events are switched off, they are refused', restrictions, async () => {
  const clients = [await connect(server(), { key: 'silent' }), await connect(server(), { key: 'silent' })];
  for (const client of clients)
    await client.subscribe('private-chat', { auth: `silent:${hmac(`${client.socketId}:private-chat`)}` });
  await refused(clients, 'client-typing', 'private-chat');
});

behaviour('beyond 10 a second, events are refused with 4301, and the connection stays', restrictions, async () => {
  const [sender, other] = await members(2, 'private-fast');
  // In whatever second the first of them comes, the 21st is beyond the limit.
  for (let index = 0; index < 21; index++) sender?.send('client-fast', index, 'private-fast');
  const answers = (await sender?.settled()) ?? [];
  expect(answers.length).toBeGreaterThan(0);
  for (const answer of answers)
    expect(answer).toEqual({ event: 'pusher:error', data: { code: 4301, message: expect.any(String) } });
  expect(await other?.settled()).toHaveLength(21 - answers.length);
});

departure(
  'an event on an encrypted channel is refused',
  triggering,
  'It is not prohibited there, it says; but no client encrypts it, so it would be plain text.',
  async () => refused(await members(2, 'private-encrypted-chat'), 'client-typing', 'private-encrypted-chat'),
);

departure(
  'the data may have 10 kB',
  triggering,
  'It names no limit; this is that of events from the application.',
  async () => {
    const [sender, other] = await members(2, 'private-large');
    sender?.send('client-large', 'x'.repeat(10_240), 'private-large');
    await other?.next('client-large');
    sender?.send('client-large', 'x'.repeat(10_241), 'private-large');
    expect((await sender?.settled())?.map(({ event }) => event)).toEqual(['pusher:error']);
    expect(await other?.settled()).toEqual([]);
  },
);
