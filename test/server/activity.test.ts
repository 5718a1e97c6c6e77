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
  const client = await Client.connect(service);
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
  expect(service.api.connectionCount).toBe(1);
});

it('any message counts as activity, a ping of the WebSocket too', async () => {
  const service = await startServer();
  const [talker, pinger] = await Promise.all([Client.connect(service), Client.connect(service)]);
  for (let round = 0; round < 4; round++) {
    vi.advanceTimersByTime(100_000);
    const pong = new Promise((resolve) => pinger.socket.once('pong', resolve));
    pinger.socket.ping();
    await Promise.all([talker.settled(), pong]);
  }
  expect([...talker.received, ...pinger.received]).toEqual([]);
});

it('one timer serves all connections, and none is left when they are gone', async () => {
  const service = await startServer();
  expect(vi.getTimerCount()).toBe(0);
  const clients = await Promise.all(Array.from({ length: 10 }, () => Client.connect(service)));
  expect(vi.getTimerCount()).toBe(1);
  await Promise.all(clients.map((client) => client.close()));
  await expect.poll(() => service.api.connectionCount).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

it('a client that is gone without a word is cut after the close timeout', async () => {
  const service = await startServer({ closeTimeoutMs: 50 });
  const raw = await RawClient.connect(service);
  vi.advanceTimersByTime(160_000);
  expect(await raw.closeCode()).toBe(4201);
  await raw.ended;
  await expect.poll(() => service.api.connectionCount).toBe(0);
});
