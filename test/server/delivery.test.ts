import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type WebSocketOptions, WebSocketService } from '../../src/backends/websocket/index.js';
import { deliver, deliverMessages } from '../support/deliver.js';
import { listenInTest } from '../support/test-server.js';
import { Client } from './support/client.js';
import { RawClient } from './support/raw-client.js';
import { context, credentials, message, type Recorded, record, startServer } from './support/server.js';

it.each([50, 125, 126, 200, 65_000, 65_535, 65_536, 70_000])(
  'an event whose message has about %i bytes arrives whole',
  async (length) => {
    const service = await startServer({ maxEventBytes: 100_000 });
    const client = await Client.connect(service);
    await client.subscribe('a');
    const overhead = JSON.stringify({ event: 'x', channel: 'a', data: '""' }).length;
    for (const size of [length - overhead - 1, length - overhead, length - overhead + 1].map((bytes) =>
      Math.max(0, bytes),
    )) {
      await deliver(service, ['a'], message('x', 'y'.repeat(size)), context);
      expect(JSON.parse((await client.next('x')).data as string)).toBe('y'.repeat(size));
    }
  },
);

it('a subscriber with a raw socket gets the frames of one tick in their order, control messages included', async () => {
  const service = await startServer();
  const raw = await RawClient.connect(service);
  raw.writeText('{"event":"pusher:subscribe","data":{"channel":"a"}}');
  await raw.until((text) => text.endsWith('}'));
  const names = Array.from({ length: 10 }, (_, index) => `event-${index}`);
  for (const name of names) void deliver(service, ['a'], message(name), context);
  const text = await raw.until((all) => all.includes('event-9'));
  expect([...text.matchAll(/subscription_succeeded|event-\d/g)].map(([name]) => name)).toEqual([
    'subscription_succeeded',
    ...names,
  ]);
});

it('several events on several channels in one tick keep their order on every connection', async () => {
  const service = await startServer();
  const clients = await Promise.all(Array.from({ length: 12 }, () => Client.connect(service)));
  const channels = ['a', 'b', 'c'];
  for (const [index, client] of clients.entries()) {
    for (const channel of channels.filter((_, position) => (index + 1) & (1 << position) || index > 6))
      await client.subscribe(channel);
  }
  const sent: [channel: string, event: string][] = [];
  for (let index = 0; index < 60; index++) {
    const channel = channels[(index * 7) % 3] ?? '';
    const except = index % 10 === 0 ? clients[0]?.socketId : undefined;
    sent.push([channel, `event-${index}`]);
    void deliver(service, [channel], message(`event-${index}`, {}, except), context);
  }
  for (const [index, client] of clients.entries()) {
    const own = channels.filter((_, position) => (index + 1) & (1 << position) || index > 6);
    const expected = sent.filter(([channel, event]) => own.includes(channel) && !(index === 0 && event.endsWith('0')));
    expect((await client.settled()).map(({ channel, event }) => [channel, event])).toEqual(expected);
  }
});

it('what is due in one tick goes out in one write, which connections that are owed the same share', async () => {
  const service = await startServer();
  const clients = await Promise.all(Array.from({ length: 3 }, () => Client.connect(service)));
  await Promise.all(clients.map((client) => client.subscribe('a')));
  const write = vi.spyOn(Socket.prototype, 'write');
  onTestFinished(() => write.mockRestore());
  for (let index = 0; index < 10; index++) void deliver(service, ['a'], message(`event-${index}`), context);
  await Promise.all(clients.map((client) => client.next('event-9')));
  expect(write).toHaveBeenCalledTimes(3);
  expect(new Set(write.mock.calls.map(([buffer]) => buffer)).size).toBe(1);
});

it('a slow reader is cut with a logged reason, and the others receive everything', async () => {
  const service = await startServer({ maxEventBytes: 100_000, sendBufferBytes: 200_000 });
  const { logged } = record(service);
  const slow = await Client.connect(service);
  const fast = await Client.connect(service);
  await Promise.all([slow.subscribe('a'), fast.subscribe('a')]);
  slow.socket.pause();
  const data = 'x'.repeat(90_000);
  let sent = 0;
  while (service.api.localConnections > 1 && sent < 1000) {
    sent++;
    await deliver(service, ['a'], message(`event-${sent}`, data), context);
    await fast.next(`event-${sent}`);
  }
  expect(service.api.localConnections).toBe(1);
  const [warning] = logged.filter(({ level }) => level === 'warn');
  expect(warning).toMatchObject({
    details: { socketId: slow.socketId, sendBufferBytes: 200_000 },
    text: expect.stringContaining('too slowly'),
  });
  slow.socket.resume();
  expect(await slow.closed).toMatchObject({ code: 1006 });
});

it('a burst in one tick that is over the send buffer does not cut a reader who keeps up', async () => {
  const service = await startServer({ sendBufferBytes: 50_000 });
  const { logged } = record(service);
  const client = await Client.connect(service);
  await client.subscribe('a');
  for (let index = 0; index < 12; index++)
    void deliver(service, ['a'], message(`event-${index}`, 'x'.repeat(10_000)), context);
  await client.next('event-11');
  expect(logged).toEqual([]);
});

it('a logger that throws when a slow reader is cut costs the others nothing', async () => {
  const service = await startServer({ maxEventBytes: 100_000, sendBufferBytes: 200_000 });
  const fail = (): never => {
    throw new Error('the disk is full');
  };
  service.connect({ receive: () => undefined, logger: { debug: fail, info: fail, warn: fail, error: fail } });
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  onTestFinished(() => warn.mockRestore());
  const clients: Client[] = [];
  for (let index = 0; index < 3; index++) {
    clients.push(await Client.connect(service));
    await clients[index]?.subscribe('a');
  }
  const [first, slow, last] = clients as [Client, Client, Client];
  slow.socket.pause();
  let sent = 0;
  while (service.api.localConnections > 2 && sent < 1000) {
    sent++;
    await deliver(service, ['a'], message(`event-${sent}`, 'x'.repeat(90_000)), context);
    await Promise.all([first.next(`event-${sent}`), last.next(`event-${sent}`)]);
  }
  expect(service.api.localConnections).toBe(2);
});

/** A client over TLS, where no byte leaves before the end of the tick, and what was logged. */
async function overTls(options: WebSocketOptions): Promise<{ service: WebSocketService; client: Client } & Recorded> {
  const read = (name: string): string => readFileSync(new URL(`../support/tls/${name}`, import.meta.url), 'utf8');
  const server = createServer({ key: read('localhost-key.pem'), cert: read('localhost-cert.pem') });
  const port = await listenInTest(server);
  const service = new WebSocketService({ ...credentials, options: { closeTimeoutMs: 200, ...options } }).attach(server);
  onTestFinished(() => service.close());
  const recorded = record(service);
  const url = `wss://127.0.0.1:${port}/app/key?protocol=7`;
  const client = await Client.connect(service, { url });
  await client.subscribe('a');
  return { service, client, ...recorded };
}

it('a burst of several times the send buffer in one tick does not cut a reader over TLS', async () => {
  const { service, client, logged } = await overTls({});
  const messages = Array.from({ length: 400 }, (_, index) => ({
    channel: 'a',
    message: message(`event-${index}`, 'x'.repeat(10_000)),
  }));
  await deliverMessages(service, messages, context);
  expect((await client.settled()).map(({ event }) => event)).toEqual(messages.map(({ message: { event } }) => event));
  expect(logged).toEqual([]);
});

it('a reader that stops after a burst is cut once it does not read what comes afterwards', async () => {
  const { service, client, logged } = await overTls({ sendBufferBytes: 100_000, maxEventBytes: 100_000 });
  client.socket.pause();
  const data = 'x'.repeat(50_000);
  for (let index = 0; index < 10; index++) void deliver(service, ['a'], message('burst', data), context);
  let sent = 0;
  while (service.api.localConnections > 0 && sent < 1000) {
    sent++;
    await deliver(service, ['a'], message('later', data), context);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(logged).toMatchObject([{ level: 'warn', text: expect.stringContaining('too slowly') }]);
});

it('a burst that is beyond measure cuts the connection, and the log says that it was not slow', async () => {
  const { service, client, logged } = await overTls({ sendBufferBytes: 20_000, maxEventBytes: 100_000 });
  for (let index = 0; index < 10; index++)
    void deliver(service, ['a'], message(`event-${index}`, 'x'.repeat(90_000)), context);
  expect(await client.closed).toMatchObject({ code: 1006 });
  expect(logged).toEqual([
    {
      level: 'warn',
      details: { socketId: client.socketId, sendBufferBytes: 20_000, waitingBytes: expect.any(Number) },
      text: expect.stringContaining('more was sent to it at once than 8 times'),
    },
  ]);
});
