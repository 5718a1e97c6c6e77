import { describe, expect, it } from 'vitest';
import type { WebSocketService } from '../../src/backends/websocket/index.js';
import { Client } from './support/client.js';
import { record, startServer } from './support/server.js';
import { call, event, events } from './support/signed-call.js';

describe('events', () => {
  it('an event goes to its channels, once each, and not to the excluded socket', async () => {
    const service = await startServer();
    const [client, sender] = await Promise.all([Client.connect(service), Client.connect(service)]);
    for (const one of [client, sender]) {
      await one.subscribe('a');
      await one.subscribe('b');
    }
    const { status, json } = await call(service, {
      ...events,
      body: { ...event, channels: ['a', 'b', 'a'], socket_id: sender.socketId },
    });
    expect([status, json]).toEqual([200, {}]);
    expect(await client.settled()).toEqual(['a', 'b'].map((channel) => ({ event: 'x', channel, data: '{"n":1}' })));
    expect(await sender.settled()).toEqual([]);
  });

  it('the id of an event goes into its frame, and has to be one', async () => {
    const service = await startServer();
    const { received } = record(service);
    await service.subscribe('a');
    const client = await Client.connect(service);
    await client.subscribe('a');
    const body = { ...event, channels: ['a'], id: 'id-1' };
    await call(service, { ...events, body });
    await call(service, {
      ...events,
      path: '/apps/app/batch_events',
      body: { batch: [{ ...event, channel: 'a', id: 'id-2' }] },
    });
    for (const id of ['', 'a"b', 'x'.repeat(65), 5, null]) {
      const { status, text } = await call(service, { ...events, body: { ...body, id } });
      expect([status, text]).toEqual([400, expect.stringContaining('of a message is up to 64 letters')]);
    }
    expect(await client.settled()).toEqual(
      ['id-1', 'id-2'].map((id) => ({ event: 'x', channel: 'a', data: '{"n":1}', id })),
    );
    expect(received.map(({ id }) => id)).toEqual(['id-1', 'id-2']);
  });

  it('a single "channel" will do, and data that is no JSON goes as it is', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    await call(service, { ...events, body: { name: 'x', channel: 'a', data: 'plain "text"' } });
    expect((await client.next('x')).data).toBe('plain "text"');
  });

  it('an event may be in the query, and in part in the body, which goes first', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    for (const channel of ['a', 'b']) await client.subscribe(channel);
    const inQuery = { name: 'x', data: '{"text":"a b+c%d"}', channel: 'a', info: 'subscription_count' };
    expect((await call(service, { ...events, parameters: inQuery })).json).toEqual({
      channels: { a: { subscription_count: 1 } },
    });
    await call(service, { ...events, parameters: { 'channels[]': 'b', name: 'y' }, body: { name: 'z', data: 'body' } });
    await call(service, { ...events, parameters: { channels: 'b', name: 'v', data: '1', socket_id: client.socketId } });
    expect(await client.settled()).toEqual([
      { event: 'x', channel: 'a', data: inQuery.data },
      { event: 'z', channel: 'b', data: 'body' },
    ]);
    for (const parameters of [
      { ...inQuery, name: '' },
      { ...inQuery, channel: 'b c' },
      { name: 'x', channel: 'a' },
    ])
      expect(await call(service, { ...events, parameters })).toMatchObject({ status: 400 });
  });

  it('info tells of the channels that were sent to', async () => {
    const service = await startServer();
    const [one, two] = await Promise.all([Client.connect(service), Client.connect(service)]);
    for (const client of [one, two]) {
      await client.subscribe('a');
      await client.join(service, 'presence-a', { id: 'ann' });
    }
    const body = { ...event, channels: ['a', 'presence-a', 'empty'], info: 'subscription_count,user_count' };
    expect((await call(service, { ...events, body })).json).toEqual({
      channels: {
        a: { subscription_count: 2 },
        'presence-a': { subscription_count: 2, user_count: 1 },
        empty: { subscription_count: 0 },
      },
    });
  });

  it('what is published over HTTP comes in through receive', async () => {
    const service = await startServer();
    const { received } = record(service);
    await service.subscribe('a');
    await call(service, { ...events, body: event });
    expect(received).toEqual([{ channel: 'a', event: 'x', data: { n: 1 } }]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no JSON', '{', /not JSON/],
    ['a list', [], /not a JSON object/],
    ['no name', { ...event, name: undefined }, /"name"/],
    ['an empty name', { ...event, name: '' }, /"name"/],
    ['a name over 200 characters', { ...event, name: 'x'.repeat(201) }, /"name"/],
    ['data that is no text', { ...event, data: { n: 1 } }, /"data"/],
    ['no channels', { ...event, channels: undefined }, /"channels"/],
    ['an empty list of channels', { ...event, channels: [] }, /"channels"/],
    ['over 100 channels', { ...event, channels: Array.from({ length: 101 }, (_, index) => `c${index}`) }, /up to 100/],
    ['a bad channel name', { ...event, channels: ['a', 'b c'] }, /channel's name/],
    ['a channel that is no text', { ...event, channels: [5] }, /channel's name/],
    ['a bad socket id', { ...event, socket_id: 'abc' }, /socket_id/],
    ['unknown info', { ...event, info: 'weather' }, /info/],
  ])('%s is answered with 400 and sends nothing', async (_what, body, words) => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    const { status, text, headers } = await call(service, { ...events, body });
    expect([status, headers.get('content-type')]).toEqual([400, 'text/plain; charset=utf-8']);
    expect(text).toMatch(words);
    expect(await client.settled()).toEqual([]);
  });

  it('data over the limit, in bytes, is answered with 413', async () => {
    const service = await startServer();
    expect((await call(service, { ...events, body: { ...event, data: 'é'.repeat(5120) } })).status).toBe(200);
    expect(await call(service, { ...events, body: { ...event, data: `${'é'.repeat(5120)}x` } })).toMatchObject({
      status: 413,
      text: expect.stringContaining('10240'),
    });
  });
});

describe('batch_events', () => {
  const batches = { method: 'POST', path: '/apps/app/batch_events' };

  it('a batch sends different events, and tells of their channels where asked', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    const batch = [
      { name: 'one', channel: 'a', data: '1', info: 'subscription_count' },
      { name: 'two', channel: 'a', data: '2' },
      { name: 'three', channel: 'a', data: '3', socket_id: client.socketId },
    ];
    expect((await call(service, { ...batches, body: { batch } })).json).toEqual({
      batch: [{ subscription_count: 1 }, {}, {}],
    });
    expect((await client.settled()).map((message) => message.event)).toEqual(['one', 'two']);
    expect((await call(service, { ...batches, body: { batch: [] } })).json).toEqual({});
  });

  it.each<[string, unknown, number]>([
    ['no batch', {}, 400],
    ['11 events', { batch: Array.from({ length: 11 }, () => ({ ...event, channel: 'a' })) }, 400],
    ['one bad event', { batch: [{ name: 'ok', channel: 'a', data: '' }, { name: 'x' }] }, 400],
    [
      'one event with too much data',
      {
        batch: [
          { name: 'ok', channel: 'a', data: '' },
          { ...event, data: 'x'.repeat(10_241) },
        ],
      },
      413,
    ],
  ])('%s is refused as a whole', async (_what, body, status) => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    expect((await call(service, { ...batches, body })).status).toBe(status);
    expect(await client.settled()).toEqual([]);
  });
});

describe('queries', () => {
  async function occupied(): Promise<WebSocketService> {
    const service = await startServer();
    const clients = await Promise.all([Client.connect(service), Client.connect(service)]);
    for (const [index, client] of clients.entries()) {
      await client.join(service, 'presence-a', { id: `user-${index}` });
      await client.join(service, 'private-a');
    }
    await clients[0]?.subscribe('public');
    return service;
  }

  it('channels lists those that are occupied, by prefix, with what is asked of them', async () => {
    const service = await occupied();
    const list = async (parameters = {}) => (await call(service, { path: '/apps/app/channels', parameters })).json;
    expect(await list()).toEqual({ channels: { 'presence-a': {}, 'private-a': {}, public: {} } });
    expect(await list({ filter_by_prefix: 'private-' })).toEqual({ channels: { 'private-a': {} } });
    expect(await list({ filter_by_prefix: 'presence-', info: 'user_count' })).toEqual({
      channels: { 'presence-a': { user_count: 2 } },
    });
    expect(await list({ info: 'subscription_count' })).toMatchObject({
      channels: { public: { subscription_count: 1 } },
    });
  });

  it('user_count without a presence prefix is answered with 400', async () => {
    const service = await startServer();
    for (const parameters of [{ info: 'user_count' }, { info: 'user_count', filter_by_prefix: 'private-' }]) {
      expect(await call(service, { path: '/apps/app/channels', parameters })).toMatchObject({
        status: 400,
        text: expect.stringContaining('presence-'),
      });
    }
    expect(
      await call(service, { path: '/apps/app/channels/public', parameters: { info: 'user_count' } }),
    ).toMatchObject({ status: 400 });
  });

  it('a name may have every character that names have, in a path and as a prefix', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    const name = 'private-a_b=c@d,e.f;g-1';
    await client.join(service, name);
    for (const segment of [name, encodeURIComponent(name)])
      expect((await call(service, { path: `/apps/app/channels/${segment}` })).json).toEqual({ occupied: true });
    for (const prefix of [name, 'private-a_b=c@d,e.f;g-', 'private-a_b=c@d,'])
      expect(
        (await call(service, { path: '/apps/app/channels', parameters: { filter_by_prefix: prefix } })).json,
      ).toEqual({
        channels: { [name]: {} },
      });
  });

  it('a GET may be signed with the MD5 of an empty body', async () => {
    const service = await startServer();
    const parameters = { body_md5: 'd41d8cd98f00b204e9800998ecf8427e' };
    expect(await call(service, { path: '/apps/app/channels', parameters })).toMatchObject({ status: 200 });
  });

  it('a channel tells whether it is occupied, and its counts', async () => {
    const service = await occupied();
    const show = async (name: string, info = '') =>
      (await call(service, { path: `/apps/app/channels/${name}`, parameters: { info } })).json;
    expect(await show('public')).toEqual({ occupied: true });
    expect(await show('empty')).toEqual({ occupied: false });
    expect(await show('presence-a', 'user_count,subscription_count')).toEqual({
      occupied: true,
      user_count: 2,
      subscription_count: 2,
    });
  });

  it('a cache channel tells its last event and for how long it is kept, whether anybody is there or not', async () => {
    const service = await startServer({ cacheTtlMs: 90_000 });
    const show = (name: string, info: string) =>
      call(service, { path: `/apps/app/channels/${name}`, parameters: { info } });
    expect((await show('private-cache-a', 'cache')).json).toEqual({ occupied: false, cache: null });
    await call(service, { ...events, body: { ...event, channels: ['private-cache-a'] } });
    expect((await show('private-cache-a', 'subscription_count,cache')).json).toEqual({
      occupied: false,
      subscription_count: 0,
      cache: { data: event.data, ttl: 90 },
    });
    expect(await show('private-a', 'cache')).toMatchObject({
      status: 400,
      text: expect.stringMatching(/cache channels/),
    });
    for (const request of [
      { path: '/apps/app/channels', parameters: { info: 'cache' } },
      { ...events, body: { ...event, channels: ['cache-a'], info: 'cache' } },
    ])
      expect(await call(service, request)).toMatchObject({ status: 400 });
  });

  it('the users of a presence channel are listed, of another channel refused', async () => {
    const service = await occupied();
    expect((await call(service, { path: '/apps/app/channels/presence-a/users' })).json).toEqual({
      users: [{ id: 'user-0' }, { id: 'user-1' }],
    });
    expect((await call(service, { path: '/apps/app/channels/presence-b/users' })).json).toEqual({ users: [] });
    expect(await call(service, { path: '/apps/app/channels/private-a/users' })).toMatchObject({ status: 400 });
  });
});

it('terminate_connections ends the connections of a user, whose id may need encoding', async () => {
  const service = await startServer();
  const [client, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
  client.send('pusher:signin', service.authenticateUser(client.socketId, { id: 'a b/ü' }));
  await client.next('pusher:signin_success');
  const path = `/apps/app/users/${encodeURIComponent('a b/ü')}/terminate_connections`;
  expect((await call(service, { method: 'POST', path, body: {} })).json).toEqual({});
  expect(await client.closed).toMatchObject({ code: 4009 });
  expect(await other.settled()).toEqual([]);
});
