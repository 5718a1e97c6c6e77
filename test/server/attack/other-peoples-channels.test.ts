import { expect, it } from 'vitest';
import {
  app,
  connect,
  grant,
  hmac,
  join,
  sharedServer,
  signIn,
  trigger,
  userGrant,
} from '../../protocol/support/server.js';
import type { Client, Message } from '../support/client.js';

// Eve is signed in, and may hear private-eve and presence-eve. Everything that she tries to hear the channels of Ann
// with is refused, or leads to a channel that is not Ann's.

const theirs = ['private-ann', 'private-encrypted-ann', 'private-cache-ann', 'presence-ann', '#server-to-user-ann'];
const other = { appId: '4', pubKey: 'other', secretKey: 'secret-of-another-application' };
const server = sharedServer({ apps: [other] });

/** What Eve has in her hands: her connection, and what she has overheard. */
interface Eve {
  readonly client: Client;
  /** The signature for her own channel, which she may use as she likes. */
  readonly own: string;
  /** Ann's socket id, and the grants for it. */
  readonly annsId: string;
  readonly overheard: (channel: string, data?: string) => object;
}

type Attempt = (eve: Eve) => void;

const subscribe =
  (channel: unknown, data: object = {}): Attempt =>
  ({ client }) =>
    client.send('pusher:subscribe', { channel, ...data });
const signed = (signature: string): { auth: string } => ({ auth: `${app.pubKey}:${signature}` });
const zeros = '0'.repeat(64);
const eve = '{"user_id":"eve"}';
const ann = '{"user_id":"ann"}';

const signatures: Record<string, (eve: Eve, channel: string) => object> = {
  none: () => ({}),
  'an empty one': () => ({ auth: '' }),
  null: () => ({ auth: null }),
  true: () => ({ auth: true }),
  'a list': () => ({ auth: [] }),
  'an object': () => ({ auth: { toString: 'x' } }),
  'the key alone': () => ({ auth: app.pubKey }),
  'the key and a colon': () => signed(''),
  zeros: () => signed(zeros),
  'that of her own channel': ({ own }) => signed(own),
  "that of Ann's socket": ({ overheard }, channel) => overheard(channel),
  "that of Ann's socket, with Ann's data": ({ overheard }, channel) => overheard(channel, ann),
  'one of no channel': ({ client }) => signed(hmac(`${client.socketId}:`)),
  'one of her sign-in': ({ client }) => userGrant(client, { id: 'eve' }),
  'one that is cut short': ({ client }, channel) => signed(hmac(`${client.socketId}:${channel}`).slice(0, 63)),
  'a longer one': ({ own }) => signed(`${own}${own}`),
  'that of another application': ({ client }, channel) => ({
    auth: `other:${hmac(`${client.socketId}:${channel}`)}`,
  }),
  'her own, with data': ({ own }) => ({ ...signed(own), channel_data: eve }),
  'that of a name that goes on': ({ client }, channel) => signed(hmac(`${client.socketId}:${channel}-2`)),
  'that of data that looks like a channel': ({ client }, channel) => grant(client, 'private-eve', `:${channel}`),
};

for (const [what, data] of Object.entries(signatures))
  it(`a signature for another's channel: ${what}`, () =>
    refused((attacker) => {
      for (const channel of theirs) subscribe(channel, data(attacker, channel))(attacker);
    }));

const names = [
  'PRIVATE-ann',
  'Private-ann',
  'private-Ann',
  ' private-ann',
  'private-ann ',
  'private-ann\n',
  'private-ann\u0000',
  'private-ann\u200b',
  'private\u2010ann',
  'private-аnn',
  'ｐrivate-ann',
  'private%2Dann',
  'private-ann%00',
  'private-ann#',
  'private-ann?x=1',
  'private-ann/',
  './private-ann',
  '../private-ann',
  'private-ann,private-eve',
  'private-*',
  'private-.*',
  '*',
  '',
  '#server-to-user-ann ',
  '#server-to-user-ANN',
  '#server-to-user-ann\u0000',
  '#server-to-user-',
  '#SERVER-TO-USER-ann',
  'server-to-user-ann',
  '#server-to-user-eve,ann',
  'presence-ann\t',
  'cache-private-ann',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '#server-to-user-__proto__',
];

it.each(names)("a name that is nearly another's: %j", (name) => refused(subscribe(name, signed(zeros))));

const forms: [what: string, Attempt][] = [
  ['a list of names', subscribe(theirs)],
  ['a name in a list', subscribe(['private-ann'])],
  ['an object as a name', subscribe({ toString: 'private-ann' })],
  ['a number as a name', subscribe(0)],
  ['the channel beside the data', ({ client }) => client.send('pusher:subscribe', {}, 'private-ann')],
  [
    'her own channel in the data, and another beside it',
    ({ client }) => {
      client.send('pusher:subscribe', { channel: 'private-eve', ...grant(client, 'private-eve') }, 'private-ann');
    },
  ],
  [
    'a channel that comes twice in the JSON',
    ({ client, own }) =>
      client.socket.send(
        `{"event":"pusher:subscribe","data":{"channel":"private-eve","auth":"${app.pubKey}:${own}","channel":"private-ann"}}`,
      ),
  ],
  [
    'a prototype in the JSON',
    ({ client }) =>
      client.socket.send(
        '{"event":"pusher:subscribe","__proto__":{"user":{"id":"ann"}},"data":{"channel":"#server-to-user-ann","__proto__":{"auth":"x"}}}',
      ),
  ],
  [
    "the protocol's own event",
    ({ client }) => client.send('pusher_internal:subscription_succeeded', {}, 'private-ann'),
  ],
  ['an event of another case', ({ client }) => client.send('Pusher:Subscribe', { channel: 'private-ann' })],
  ['a client event, as if she were there', ({ client }) => client.send('client-x', {}, 'private-ann')],
  [
    'a sign-in as Ann with her own signature',
    ({ client }) => client.send('pusher:signin', { ...userGrant(client, { id: 'eve' }), user_data: '{"id":"ann"}' }),
  ],
  ['a sign-in as Ann, overheard', ({ client, annsId }) => client.send('pusher:signin', signInOf(annsId, 'ann'))],
  [
    'a sign-in with two ids',
    ({ client }) => client.send('pusher:signin', userGrantOf(client, '{"id":"ann","id":"eve"}')),
  ],
  [
    'a signature of a channel as a sign-in',
    ({ client }) => client.send('pusher:signin', { ...grant(client, 'private-eve'), user_data: '{"id":"ann"}' }),
  ],
];

it.each(forms)('%s', (_what, attempt) => refused(attempt));

function signInOf(socketId: string, id: string): object {
  const userData = JSON.stringify({ id });
  return { auth: `${app.pubKey}:${hmac(`${socketId}::user::${userData}`)}`, user_data: userData };
}

/** What the application signs is what counts: of two ids in it, the last. */
function userGrantOf({ socketId }: Client, userData: string): object {
  return { auth: `${app.pubKey}:${hmac(`${socketId}::user::${userData}`)}`, user_data: userData };
}

/** Lets Eve try, and asserts that she hears nothing of Ann, and that Ann hears nothing of her. */
async function refused(attempt: Attempt): Promise<void> {
  const [victim, client] = [await connect(server()), await connect(server())];
  await signIn(victim, 'ann');
  for (const channel of theirs) {
    if (channel.startsWith('presence-')) await join(victim, channel, 'ann');
    else await victim.subscribe(channel, grant(victim, channel));
  }
  await victim.settled();
  await signIn(client, 'eve');
  await client.subscribe('private-eve', grant(client, 'private-eve'));
  const annsId = victim.socketId;
  const overheard = (channel: string, data?: string): object => grant(victim, channel, data);
  attempt({ client, own: hmac(`${client.socketId}:private-eve`), annsId, overheard });
  const heard = await client.settled().catch((): Message[] => []);
  await trigger(server(), theirs, 'secret', '1');
  if (client.socket.readyState === client.socket.OPEN) heard.push(...(await client.settled()));
  const secrets = heard.filter(({ event, channel }) => event === 'secret' || theirs.includes(channel ?? ''));
  expect(secrets.filter(({ event }) => event !== 'pusher:subscription_error')).toEqual([]);
  expect((await victim.settled()).map(({ event }) => event)).toEqual(theirs.map(() => 'secret'));
}
