import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it, onTestFinished, vi } from 'vitest';
import { App } from '../../src/server/app.js';
import { deliver } from '../support/deliver.js';
import { Client } from './support/client.js';
import { RawClient } from './support/raw-client.js';
import { context, message, record, startServer } from './support/server.js';

it.each([
  ['no JSON', 'hello'],
  ['broken JSON', '{"event":'],
  ['nothing', ''],
  ['a number', '5'],
  ['null', 'null'],
  ['a list', '[]'],
  ['an object without an event', '{}'],
  ['an event that is no text', '{"event":5}'],
  ['a channel that is no text', '{"event":"client-x","channel":{}}'],
  ['an unknown event of the protocol', '{"event":"pusher:dance"}'],
  ['an internal event', '{"event":"pusher_internal:member_added","channel":"presence-a"}'],
  ['an event that is not a client event', '{"event":"shipped","channel":"private-a"}'],
  ['deep nesting', `${'['.repeat(20_000)}${']'.repeat(20_000)}`],
])('a frame with %s is answered with an error without a code, and the connection stays', async (_what, text) => {
  const service = await startServer();
  const client = await Client.connect(service);
  client.socket.send(text);
  expect((await client.settled()).map(({ event, data }) => [event, (data as { code: unknown }).code])).toEqual([
    ['pusher:error', null],
  ]);
});

it('pings of the protocol and of the WebSocket are answered, pongs are not', async () => {
  const service = await startServer();
  const client = await Client.connect(service);
  client.send('pusher:pong');
  client.send('pusher:ping', {});
  expect(await client.next('pusher:pong')).toEqual({ event: 'pusher:pong', data: '{}' });
  const pong = new Promise((resolve) => client.socket.on('pong', (data) => resolve(data.toString())));
  client.socket.ping('are you there?');
  expect(await pong).toBe('are you there?');
});

it('a binary frame closes the connection with 1003, and no other', async () => {
  const service = await startServer();
  const [client, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
  client.socket.send(Buffer.from('{"event":"pusher:ping"}'));
  expect(await client.closed).toMatchObject({ code: 1003 });
  expect(await other.settled()).toEqual([]);
});

it('a frame over the limit closes the connection with 1009, and no other', async () => {
  const service = await startServer({ maxMessageBytes: 1000 });
  const [client, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
  client.socket.send('x'.repeat(1000));
  await client.next('pusher:error');
  client.socket.send('x'.repeat(1001));
  expect(await client.closed).toMatchObject({ code: 1009 });
  expect(await other.settled()).toEqual([]);
});

it.each([
  ['without a mask', Buffer.from([0x81, 0x02, 0x7b, 0x7d])],
  ['with a reserved bit', Buffer.from([0xc1, 0x80, 0, 0, 0, 0])],
  ['with an unknown opcode', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
  ['that is a control frame in pieces', Buffer.from([0x09, 0x80, 0, 0, 0, 0])],
  ['that continues nothing', Buffer.from([0x80, 0x80, 0, 0, 0, 0])],
])('a frame %s closes the connection with 1002', async (_what, bytes) => {
  const service = await startServer();
  const raw = await RawClient.connect(service);
  raw.write(bytes);
  expect(await raw.closeCode()).toBe(1002);
});

it('text that is not UTF-8 closes the connection with 1007', async () => {
  const service = await startServer();
  const raw = await RawClient.connect(service);
  raw.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]));
  expect(await raw.closeCode()).toBe(1007);
});

it('whatever frames and messages clients send, the server stays up and others keep receiving', {
  timeout: 20_000,
}, async () => {
  const service = await startServer();
  const witness = await Client.connect(service);
  await witness.subscribe('news');
  let sent = 0;
  const channel = fc.oneof(
    fc.string(),
    fc.constantFrom('news', 'private-a', 'presence-a', 'cache-a', '#server-to-user-1'),
  );
  const event = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'pusher:subscribe',
      'pusher:unsubscribe',
      'pusher:signin',
      'pusher:ping',
      'pusher:pong',
      'client-x',
      'toString',
      '__proto__',
    ),
  );
  const grant = fc.record(
    { channel, auth: fc.anything(), channel_data: fc.anything(), user_data: fc.anything() },
    { requiredKeys: [] },
  );
  const nested = fc
    .record({ event, channel, depth: fc.integer({ min: 1, max: 15_000 }) })
    .map(({ depth, ...rest }) =>
      JSON.stringify({ ...rest, data: 0 }).replace(/0}$/, `${'[{"a":'.repeat(depth / 4)}1${'}]'.repeat(depth / 4)}}`),
    );
  const json = fc
    .record({ event, channel, data: fc.oneof(grant, fc.jsonValue()) }, { requiredKeys: [] })
    .map((value) => text(value));
  const bytes = fc.uint8Array({ maxLength: 200 }).map((value) => Buffer.from(value));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(json, nested, bytes), { minLength: 1, maxLength: 20 }), async (frames) => {
      const [client, raw] = await Promise.all([Client.connect(service), RawClient.connect(service)]);
      for (const frame of frames) {
        if (typeof frame === 'string') client.socket.send(frame);
        else raw.write(frame);
      }
      sent++;
      await deliver(service, ['news'], message(`event-${sent}`), context);
      await witness.next(`event-${sent}`);
      // The only message that ends a connection is a sign-in that is not authorised.
      await client.settled().catch(async () => expect(await client.closed).toMatchObject({ code: 4009 }));
      raw.destroy();
      client.socket.terminate();
    }),
    { numRuns: 60 },
  );
  expect(await witness.settled()).toEqual([]);
  await expect.poll(() => service.api.localConnections).toBe(1);
});

it('bytes that are no WebSocket at all do not harm the server', async () => {
  const service = await startServer();
  const raw = await RawClient.open(service);
  raw.collect();
  raw.write(randomBytes(1000));
  await raw.ended;
  await Client.connect(service);
});

it('an unexpected error while a message is handled is logged and ends that one connection', async () => {
  const service = await startServer();
  const { logged } = record(service);
  const [client, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
  const subscribe = vi.spyOn(App.prototype, 'subscribe').mockImplementationOnce(() => {
    throw new RangeError('unexpected');
  });
  onTestFinished(() => subscribe.mockRestore());
  client.send('pusher:subscribe', { channel: 'a' });
  expect(await client.closed).toMatchObject({ code: 1006 });
  expect(logged).toEqual([
    {
      level: 'error',
      details: { err: expect.objectContaining({ message: 'unexpected' }), socketId: client.socketId },
      text: expect.stringContaining('unexpected error'),
    },
  ]);
  await other.subscribe('a');
  await expect.poll(() => service.api.localConnections).toBe(1);
  await service.close();
});

/** JSON of any value: what JSON cannot hold is left out. */
function text(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? 'null';
}
