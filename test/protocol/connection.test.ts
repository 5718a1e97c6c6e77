import { expect } from 'vitest';
import type { WebSocketOptions } from '../../src/backends/websocket/index.js';
import type { ClientOptions } from '../server/support/client.js';
import { behaviour, departure, type Source } from './documents.js';
import { app, connect, open, send, serverWith, sharedServer, trigger } from './support/server.js';

const others = {
  apps: [
    { appId: '4', pubKey: 'disabled', secretKey: 'secret', enabled: false },
    { appId: '5', pubKey: 'another', secretKey: 'secret' },
    { appId: '6', pubKey: 'small', secretKey: 'secret', maxConnections: 1 },
  ],
  allowedOrigins: ['https://example.com'],
};
const server = sharedServer(others);
const webSocket: Source = ['protocol', 'WebSocket connection'];
const errors: Source = ['protocol', 'Error Codes'];

behaviour(
  'the first message is pusher:connection_established, whose data is JSON within JSON',
  ['protocol', 'Connection events: pusher:connection_established'],
  async () => {
    const { event, data, ...rest } = await open(server()).next('pusher:connection_established');
    expect([event, typeof data, rest]).toEqual(['pusher:connection_established', 'string', {}]);
    expect(JSON.parse(String(data))).toEqual({ socket_id: expect.any(String), activity_timeout: 120 });
  },
);

behaviour('a socket id is two numbers and a period', ['signatures', 'Worked examples'], async () => {
  const [one, two] = await Promise.all([connect(server()), connect(server())]);
  for (const { socketId } of [one, two]) expect(socketId).toMatch(/^\d+\.\d+$/);
  expect(one.socketId).not.toBe(two.socketId);
});

for (const protocol of [5, 6, 7])
  behaviour(`a client of protocol ${protocol} is let in`, webSocket, async () => {
    await connect(server(), { query: `?protocol=${protocol}&client=js&version=7.0.3` });
  });

behaviour('without a protocol, it follows from the version of the client', webSocket, async () => {
  await connect(server(), { query: '?client=js&version=7.0.3' });
});

departure(
  'a client that names neither protocol nor version is closed with 4008',
  webSocket,
  'Protocol 1 is used today, it says, and 4008 will come in its place; protocol 1 is not served.',
  async () => {
    expect(await open(server(), { query: '' }).closed).toMatchObject({ code: 4008 });
  },
);

departure(
  'protocol 4 is closed with 4007, as 1 to 3 are',
  ['protocol', 'CHANGELOG'],
  'It is still supported there; its clients cannot read JSON within JSON, and are from before 2012.',
  async () => {
    expect(await open(server(), { query: '?protocol=4' }).closed).toMatchObject({ code: 4007 });
  },
);

const refusals: [code: number, meaning: string, ClientOptions, WebSocketOptions?][] = [
  [4000, 'Application only accepts SSL connections', {}, { tlsOnly: true }],
  [4001, 'Application does not exist', { key: 'nobody' }],
  [4003, 'Application disabled', { key: 'disabled' }],
  [4005, 'Path not found', { path: '/elsewhere' }],
  [4006, 'Invalid version string format', { query: '?protocol=seven' }],
  [4007, 'Unsupported protocol version', { query: '?protocol=3' }],
  [4008, 'No protocol version supplied', { query: '?client=js' }],
  [4009, 'Connection is unauthorized: here, for its origin', { headers: { Origin: 'https://evil.example' } }],
];

for (const [code, meaning, options, special] of refusals)
  behaviour(`${code}: ${meaning}`, errors, async () => {
    const service = special === undefined ? server() : await serverWith(special);
    const { code: found, reason } = await open(service, options).closed;
    expect([found, reason]).toEqual([code, expect.stringMatching(/\w{3}/)]);
  });

behaviour('4004: Application is over connection quota', errors, async () => {
  await connect(server(), { key: 'small' });
  expect(await open(server(), { key: 'small' }).closed).toMatchObject({ code: 4004 });
});

behaviour('4100: Over capacity', errors, async () => {
  const service = await serverWith({ maxConnections: 1 });
  await connect(service);
  expect(await open(service).closed).toMatchObject({ code: 4100 });
});

behaviour('4200: a server that closes sends its clients away to reconnect at once', errors, async () => {
  const service = await serverWith({});
  const client = await connect(service);
  await service.close();
  expect(await client.closed).toMatchObject({ code: 4200 });
});

departure(
  'before a connection is closed, a pusher:error with code and reason comes, in every protocol',
  ['protocol', 'Connection closure: Legacy protocols'],
  'From protocol 6 on, there is none; pusher-js shows it to the developer, and a browser may lose the close code.',
  async () => {
    const client = open(server(), { key: 'nobody', query: '?protocol=7' });
    const { data } = await client.next('pusher:error');
    expect(data).toEqual({ code: 4001, message: expect.any(String) });
    expect(await client.closed).toEqual({ code: 4001, reason: (data as { message: string }).message });
  },
);

departure(
  'a binary frame ends the connection with 1003',
  ['protocol', 'WebSocket data messages'],
  'They are not supported, it says, and no more.',
  async () => {
    const client = await connect(server());
    client.socket.send(Buffer.from('{}'), { binary: true });
    expect(await client.closed).toMatchObject({ code: 1003 });
  },
);

behaviour('a message is JSON with an event', ['protocol', 'WebSocket data messages'], async () => {
  const client = await connect(server());
  for (const text of ['{', '[]', '{"data":{}}', '{"event":7}']) client.socket.send(text);
  const answers = await client.settled();
  expect(answers).toHaveLength(4);
  for (const answer of answers)
    expect(answer).toEqual({ event: 'pusher:error', data: { code: null, message: expect.any(String) } });
});

behaviour(
  'an invalid command is answered with pusher:error, and the connection stays',
  ['protocol', 'System Events: pusher:error'],
  async () => {
    const client = await connect(server());
    client.send('pusher:dance', {});
    const { data } = await client.next('pusher:error');
    expect(data).toEqual({ code: null, message: expect.stringContaining('pusher:dance') });
    expect(await client.settled()).toEqual([]);
  },
);

behaviour('a client may close at any time, and hears nothing more', ['protocol', 'Connection closure'], async () => {
  const client = await connect(server());
  await client.subscribe('orders');
  client.socket.close(1000);
  expect(await client.closed).toMatchObject({ code: 1000 });
  await trigger(server(), ['orders'], 'shipped', '1');
  expect(client.received).toEqual([]);
});

behaviour('the key of another application leads to its channels, not to these', webSocket, async () => {
  const [mine, theirs] = [await connect(server()), await connect(server(), { key: 'another' })];
  for (const client of [mine, theirs]) await client.subscribe('orders');
  await trigger(server(), ['orders'], 'shipped', '1');
  expect(await mine.next('shipped')).toMatchObject({ channel: 'orders' });
  expect(await theirs.settled()).toEqual([]);
});

departure(
  'the addresses of the fallback transports are answered with 404',
  ['fallbacks', 'HTTP'],
  'pusher-js streams or polls there; this server speaks WebSocket alone.',
  async () => {
    for (const transport of ['xhr', 'xhr_streaming', 'xhr_send']) {
      const target = `/pusher/app/${app.pubKey}/000/abcdefgh/${transport}?protocol=7&client=js&version=8.4.0`;
      expect((await send(server(), { method: 'POST', target, payload: '' })).status).toBe(404);
    }
  },
);
