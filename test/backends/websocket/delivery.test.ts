import { Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Client } from './support/client.js';
import { RawClient } from './support/raw-client.js';
import { context, message, record, startServer } from './support/server.js';

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
      await service.deliver(['a'], message('x', 'y'.repeat(size)), context);
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
  for (const name of names) void service.deliver(['a'], message(name), context);
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
    void service.deliver([channel], message(`event-${index}`, {}, except), context);
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
  for (let index = 0; index < 10; index++) void service.deliver(['a'], message(`event-${index}`), context);
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
  while (service.api.connectionCount > 1 && sent < 1000) {
    sent++;
    await service.deliver(['a'], message(`event-${sent}`, data), context);
    await fast.next(`event-${sent}`);
  }
  expect(service.api.connectionCount).toBe(1);
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
    void service.deliver(['a'], message(`event-${index}`, 'x'.repeat(10_000)), context);
  await client.next('event-11');
  expect(logged).toEqual([]);
});
