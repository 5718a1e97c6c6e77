import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Client } from './support/client.js';
import { RawClient } from './support/raw-client.js';
import { startServer } from './support/server.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('a silent client is asked after the activity timeout, and closed with 4201 when no pong comes', async () => {
  const service = await startServer({ activityTimeoutSeconds: 120, pongTimeoutSeconds: 30 });
  const client = await Client.connect(service, { autoPong: false });
  vi.advanceTimersByTime(119_000);
  expect(await Promise.resolve(client.received)).toEqual([]);
  vi.advanceTimersByTime(1000);
  expect(await client.next('pusher:ping')).toEqual({ event: 'pusher:ping', data: '{}' });
  vi.advanceTimersByTime(29_000);
  expect(client.socket.readyState).toBe(client.socket.OPEN);
  vi.advanceTimersByTime(1000);
  expect(client.dataOf(await client.next('pusher:error'))).toMatchObject({ code: 4201 });
  expect(await client.closed).toMatchObject({ code: 4201 });
});

it('a client that answers stays', async () => {
  const service = await startServer();
  const client = await Client.connect(service);
  for (let round = 0; round < 3; round++) {
    vi.advanceTimersByTime(120_000);
    await client.next('pusher:ping');
    client.send('pusher:pong', {});
    await client.settled();
  }
  expect(service.api.localConnections).toBe(1);
});

it('any message counts as activity', async () => {
  const service = await startServer();
  const talker = await Client.connect(service);
  for (let round = 0; round < 4; round++) {
    vi.advanceTimersByTime(100_000);
    await talker.settled();
  }
  expect(talker.received).toEqual([]);
});

/** Lets a client fall silent, waits until it has both pings, and until the server has what the client answers. */
async function askedOnce(client: Client, answer: () => void = () => undefined): Promise<void> {
  const frame = new Promise((resolve) => client.socket.once('ping', resolve));
  vi.advanceTimersByTime(120_000);
  await Promise.all([client.next('pusher:ping'), frame]);
  answer();
  await answeredBehind(client);
}

/** Resolves when the server has read all that the client has sent; a ping of the WebSocket counts as nothing. */
async function answeredBehind({ socket }: Client): Promise<void> {
  const pong = new Promise((resolve) => socket.once('pong', resolve));
  socket.ping();
  await pong;
}

it.each([
  ['pusher:pong alone', 'test', false, true],
  ['a pong frame alone, as the clients for Android and iOS do,', 'java-client', true, false],
  ['both, as a page does,', 'js', true, true],
])('a client that answers with %s stays', async (_what, name, autoPong, answers) => {
  const service = await startServer();
  const client = await Client.connect(service, { query: `?protocol=7&client=${name}`, autoPong });
  for (let round = 0; round < 4; round++) await askedOnce(client, () => answers && client.send('pusher:pong', {}));
  expect(service.api.localConnections).toBe(1);
});

it.each([
  ['that has answered pusher:ping before', 'test', 2],
  ['of pusher-js that was never asked before', 'js', 0],
])('a frozen page %s goes, though its browser answers ping frames', async (_what, name, rounds) => {
  const service = await startServer();
  const client = await Client.connect(service, { query: `?protocol=7&client=${name}&version=8` });
  for (let round = 0; round < rounds; round++) await askedOnce(client, () => client.send('pusher:pong', {}));
  await askedOnce(client);
  vi.advanceTimersByTime(30_000);
  expect(await client.closed).toMatchObject({ code: 4201 });
});

it('frames that answer no ping keep nobody alive', async () => {
  const service = await startServer();
  const client = await Client.connect(service, { autoPong: false });
  for (let second = 0; second < 120; second += 20) {
    client.socket.pong(String(second));
    client.socket.pong();
    await answeredBehind(client);
    vi.advanceTimersByTime(20_000);
  }
  await client.next('pusher:ping');
  client.socket.pong('another');
  client.socket.pong();
  await answeredBehind(client);
  vi.advanceTimersByTime(30_000);
  expect(await client.closed).toMatchObject({ code: 4201 });
});

it('a connection is asked again after each answer, with a ping of its own', async () => {
  const service = await startServer();
  const client = await Client.connect(service, { autoPong: false });
  const asked: string[] = [];
  client.socket.on('ping', (data) => asked.push(data.toString()));
  await askedOnce(client, () => client.socket.pong(asked[0]));
  await askedOnce(client, () => client.socket.pong(asked[0]));
  expect(new Set(asked).size).toBe(2);
  vi.advanceTimersByTime(30_000);
  expect(await client.closed).toMatchObject({ code: 4201 });
});

it('one timer serves all connections, and none is left when they are gone', async () => {
  const service = await startServer();
  expect(vi.getTimerCount()).toBe(0);
  const clients = await Promise.all(Array.from({ length: 10 }, () => Client.connect(service)));
  expect(vi.getTimerCount()).toBe(1);
  await Promise.all(clients.map((client) => client.close()));
  await expect.poll(() => service.api.localConnections).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

it('a client that is gone without a word is cut after the close timeout', async () => {
  const service = await startServer({ closeTimeoutMs: 50 });
  const raw = await RawClient.connect(service);
  vi.advanceTimersByTime(160_000);
  expect(await raw.closeCode()).toBe(4201);
  await raw.ended;
  await expect.poll(() => service.api.localConnections).toBe(0);
});
