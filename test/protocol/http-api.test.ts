import { Agent } from 'node:http';
import { expect, onTestFinished } from 'vitest';
import { behaviour, departure, type Source } from './documents.js';
import { type ApiRequest, api, connect, grant, join, sharedServer, signIn, trigger } from './support/server.js';

const server = sharedServer();
const triggering: Source = ['httpApi', 'POST event (trigger an event)'];
const batching: Source = ['httpApi', 'POST batch events (trigger multiple events)'];
const listing: Source = ['httpApi', 'GET channels (fetch info for multiple channels)'];
const showing: Source = ['httpApi', 'GET channel (fetch info for one channel)'];

const post = (path: string, body: unknown): ApiRequest => ({ method: 'POST', path, body });
const event = { name: 'foo', channels: ['project-3'], data: '{"some":"data"}' };

behaviour('an event goes to its channels, and the answer is an empty JSON object', triggering, async () => {
  const client = await connect(server());
  for (const channel of ['a', 'b', 'c']) await client.subscribe(channel);
  const answer = await api(server(), post('/events', { ...event, channels: ['a', 'c', 'a'] }));
  expect([answer.status, answer.headers['content-type'], answer.json]).toEqual([200, 'application/json', {}]);
  expect(await client.settled()).toEqual(['a', 'c'].map((channel) => ({ event: 'foo', channel, data: event.data })));
});

behaviour('"channel" will do for one channel', triggering, async () => {
  const client = await connect(server());
  await client.subscribe('single');
  await api(server(), post('/events', { name: 'foo', channel: 'single', data: '1' }));
  expect(await client.next('foo')).toMatchObject({ channel: 'single' });
});

behaviour('the connection with the socket_id does not get it', ['excluding', 'Solution'], async () => {
  const [sender, other] = [await connect(server()), await connect(server())];
  for (const client of [sender, other]) await client.subscribe('tasks');
  const { socketId } = sender;
  await api(server(), post('/events', { name: 'added', channels: ['tasks'], data: '1', socket_id: socketId }));
  await other.next('added');
  expect(await sender.settled()).toEqual([]);
});

behaviour('"info" is answered for each channel', triggering, async () => {
  const [one, two] = [await connect(server()), await connect(server())];
  for (const client of [one, two]) await join(client, 'presence-foobar', 'ann');
  await one.subscribe('another');
  const channels = ['presence-foobar', 'another', 'nobody'];
  const body = { ...event, channels, info: 'user_count,subscription_count' };
  expect((await api(server(), post('/events', body))).json).toEqual({
    channels: {
      'presence-foobar': { user_count: 1, subscription_count: 2 },
      another: { subscription_count: 1 },
      nobody: { subscription_count: 0 },
    },
  });
});

behaviour('parameters may be in the query, with arrays as channels[]', ['httpApi', 'General'], async () => {
  const client = await connect(server());
  await client.subscribe('in-query');
  const query = { name: 'foo', data: '{"a":1}', 'channels[]': 'in-query' };
  expect((await api(server(), { method: 'POST', path: '/events', query })).status).toBe(200);
  expect(await client.next('foo')).toEqual({ event: 'foo', channel: 'in-query', data: '{"a":1}' });
});

behaviour('data over 10 kB is answered with 413', triggering, async () => {
  const largest = 'x'.repeat(10_240);
  expect((await api(server(), post('/events', { ...event, data: largest }))).status).toBe(200);
  expect((await api(server(), post('/events', { ...event, data: `${largest}x` }))).status).toBe(413);
});

const names = Array.from({ length: 101 }, (_, index) => `channel-${index}`);

behaviour('100 channels are taken', triggering, async () => {
  expect((await api(server(), post('/events', { ...event, channels: names.slice(1) }))).status).toBe(200);
});

for (const [what, body] of [
  ['101 channels', { ...event, channels: names }],
  ['no channels', { ...event, channels: [] }],
  ['no name', { ...event, name: undefined }],
  ['no data', { ...event, data: undefined }],
  ['a channel that has no such name', { ...event, channels: ['a b'] }],
  ['a socket_id that is none', { ...event, socket_id: 'mine' }],
  ['a list', []],
] as const)
  behaviour(`${what}: 400, with details in the body, and nothing is sent`, ['httpApi', 'General'], async () => {
    const client = await connect(server());
    await client.subscribe('project-3');
    const { status, text } = await api(server(), post('/events', body));
    expect([status, text]).toEqual([400, expect.stringMatching(/\w+ \w+/)]);
    expect(await client.settled()).toEqual([]);
  });

departure(
  "a name of the protocol's own events is answered with 400",
  triggering,
  'It does not say; whoever published "pusher:…" could make members come and go.',
  async () => {
    for (const name of ['pusher:error', 'pusher_internal:member_added'])
      expect((await api(server(), post('/events', { ...event, name }))).status).toBe(400);
  },
);

behaviour('a batch has up to 10 events, in their order', batching, async () => {
  const client = await connect(server());
  await client.subscribe('many');
  const batch = Array.from({ length: 11 }, (_, index) => ({ name: `event-${index}`, channel: 'many', data: '1' }));
  const taken = batch.slice(0, 10);
  const { status, json } = await api(server(), post('/batch_events', { batch: taken }));
  expect([status, json]).toEqual([200, {}]);
  expect((await client.settled()).map((message) => message.event)).toEqual(taken.map(({ name }) => name));
  expect((await api(server(), post('/batch_events', { batch }))).status).toBe(400);
  expect(await client.settled()).toEqual([]);
});

behaviour('the attributes of a batch are in the order of its events', batching, async () => {
  const client = await connect(server());
  await client.subscribe('counted');
  const batch = [
    { name: 'a', channel: 'presence-nobody', data: '1', info: 'user_count' },
    { name: 'b', channel: 'counted', data: '1' },
    { name: 'c', channel: 'counted', data: '1', info: 'subscription_count' },
  ];
  expect((await api(server(), post('/batch_events', { batch }))).json).toEqual({
    batch: [{ user_count: 0 }, {}, { subscription_count: 1 }],
  });
});

behaviour('an event of a batch over 10 kB is answered with 413, and none is sent', batching, async () => {
  const client = await connect(server());
  await client.subscribe('large');
  const batch = ['1', 'x'.repeat(10_241)].map((data) => ({ name: 'x', channel: 'large', data }));
  expect((await api(server(), post('/batch_events', { batch }))).status).toBe(413);
  expect(await client.settled()).toEqual([]);
});

behaviour('the occupied channels are listed, by prefix, with empty attributes', listing, async () => {
  const client = await connect(server());
  for (const name of ['list-a', 'list-b', 'private-list']) await client.subscribe(name, grant(client, name));
  client.send('pusher:unsubscribe', { channel: 'list-b' });
  await client.settled();
  const query = { filter_by_prefix: 'list-' };
  expect((await api(server(), { path: '/channels', query })).json).toEqual({ channels: { 'list-a': {} } });
});

behaviour('"user_count" counts distinct users, and asks for presence channels alone', listing, async () => {
  const clients = [await connect(server()), await connect(server()), await connect(server())];
  for (const [index, client] of clients.entries()) await join(client, 'presence-count', `user-${Math.min(index, 1)}`);
  const list = (query: Record<string, string>) => api(server(), { path: '/channels', query });
  expect((await list({ filter_by_prefix: 'presence-count', info: 'user_count' })).json).toEqual({
    channels: { 'presence-count': { user_count: 2 } },
  });
  for (const query of [{ info: 'user_count' }, { info: 'user_count', filter_by_prefix: 'private-' }])
    expect((await list(query)).status).toBe(400);
});

behaviour('a channel tells whether it is occupied, and what is asked', showing, async () => {
  const client = await connect(server());
  await join(client, 'presence-shown', 'ann');
  const show = async (name: string, info?: string) =>
    (await api(server(), { path: `/channels/${name}`, ...(info !== undefined && { query: { info } }) })).json;
  expect(await show('presence-shown')).toEqual({ occupied: true });
  expect(await show('presence-shown', 'user_count')).toEqual({ occupied: true, user_count: 1 });
  expect(await show('nobody-is-here')).toEqual({ occupied: false });
});

behaviour('an attribute that the channel does not have is answered with 400', showing, async () => {
  for (const info of ['user_count', 'weather', 'cache'])
    expect((await api(server(), { path: '/channels/public', query: { info } })).status).toBe(400);
});

departure(
  'subscription_count is there for every channel, without a switch',
  showing,
  'It is off by default, and for other than presence channels; its own example has it for one.',
  async () => {
    const client = await connect(server());
    await join(client, 'presence-subscribed', 'ann');
    for (const [name, count] of [
      ['presence-subscribed', 1],
      ['public-empty', 0],
    ] as const) {
      const answer = await api(server(), { path: `/channels/${name}`, query: { info: 'subscription_count' } });
      expect(answer.json).toMatchObject({ subscription_count: count });
    }
  },
);

behaviour('the event of a cache channel is told with the time that is left', ['cache', 'Cache channels'], async () => {
  const show = async () => (await api(server(), { path: '/channels/cache-told', query: { info: 'cache' } })).json;
  expect(await show()).toEqual({ occupied: false, cache: null });
  await trigger(server(), ['cache-told'], 'x', '{"n":1}');
  expect(await show()).toEqual({ occupied: false, cache: { data: '{"n":1}', ttl: 1800 } });
});

behaviour('the users of a presence channel are listed; of another channel: 400', ['httpApi', 'GET users'], async () => {
  const [ann, ben] = [await connect(server()), await connect(server())];
  await join(ann, 'presence-users', 1);
  await join(ben, 'presence-users', 2);
  const { json } = await api(server(), { path: '/channels/presence-users/users' });
  expect(json).toEqual({ users: [{ id: '1' }, { id: '2' }] });
  expect((await api(server(), { path: '/channels/private-users/users' })).status).toBe(400);
});

behaviour('terminate_connections answers an empty object', ['httpApi', 'POST terminate user connections'], async () => {
  const client = await connect(server());
  await signIn(client, 'gone');
  expect((await api(server(), post('/users/gone/terminate_connections', {}))).json).toEqual({});
  await client.closed;
  expect((await api(server(), post('/users/nobody/terminate_connections', {}))).json).toEqual({});
});

behaviour('one TCP connection serves several requests', ['httpApi', 'HTTP Keep-Alive'], async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  await api(server(), { path: '/channels', agent });
  expect(await api(server(), { path: '/channels', agent })).toMatchObject({ status: 200, reusedSocket: true });
});

departure(
  'another address is answered with 404, and another method with 405',
  ['httpApi', 'General'],
  'It names neither; the deprecated POST /apps/ID/channels/NAME/events is not there.',
  async () => {
    expect((await api(server(), post('/channels/a/events', {}))).status).toBe(404);
    expect((await api(server(), { path: '/events' })).status).toBe(405);
  },
);
