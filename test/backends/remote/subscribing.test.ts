import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { reconnectDelay } from '../../../src/backends/remote/subscriber.js';
import { AuthenticationError, ConfigurationError } from '../../../src/core/errors.js';
import { Client } from '../../server/support/client.js';
import { remoteAt, remoteOf } from '../../server/support/remote.js';
import { context, message, portOf, record, startServer } from '../../server/support/server.js';
import { deliver } from '../../support/deliver.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('subscribing', () => {
  it.each(['a', 'private-a', 'presence-a', 'cache-a'])('what is sent on %s comes in', async (channel) => {
    const service = await startServer();
    const remote = remoteOf(service);
    const { received } = record(remote);
    await remote.subscribe(channel);
    await deliver(service, [channel], message('x', { n: 1 }), context);
    await expect.poll(() => received).toEqual([{ channel, event: 'x', data: { n: 1 } }]);
  });

  it('client events come in with their user', async () => {
    const service = await startServer();
    const remote = remoteOf(service);
    const { received } = record(remote);
    const client = await Client.connect(service);
    await client.join(service, 'presence-a', { id: 'ann' });
    await remote.subscribe('presence-a');
    client.send('client-x', { n: 1 }, 'presence-a');
    await expect
      .poll(() => received)
      .toEqual([{ channel: 'presence-a', event: 'client-x', data: { n: 1 }, userId: 'ann' }]);
  });

  it('all subscriptions share one connection, which ends with the last of them', async () => {
    const service = await startServer();
    const remote = remoteOf(service);
    await Promise.all([remote.subscribe('a'), remote.subscribe('b'), remote.subscribe('a')]);
    await remote.subscribe('c');
    expect([service.api.localConnections, (await service.api.channels()).toSorted()]).toEqual([1, ['a', 'b', 'c']]);
    await remote.unsubscribe('a');
    await expect.poll(async () => (await service.api.channels()).toSorted()).toEqual(['b', 'c']);
    await Promise.all([
      remote.unsubscribe('b'),
      remote.unsubscribe('c'),
      remote.unsubscribe('never'),
      remote.subscribe('d'),
    ]);
    expect(await service.api.channels()).toEqual(['d']);
    await remote.unsubscribe('d');
    await expect.poll(() => service.api.localConnections).toBe(0);
  });

  it('a server that is not there is said so, and the subscription can be tried again', async () => {
    const service = await startServer();
    const port = portOf(service);
    await service.close();
    const remote = remoteAt(port);
    record(remote);
    await expect(remote.subscribe('a')).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining('ECONNREFUSED'),
    });
    const second = await startServer({ port });
    await remote.subscribe('a');
    expect(await second.api.channels()).toEqual(['a']);
  });

  it('a key that no application has, or a signature that is wrong, is said so', async () => {
    const service = await startServer();
    const unknown = remoteOf(service, { pubKey: 'unknown' });
    const refusal = await unknown.subscribe('a').catch((reason: unknown) => reason);
    expect(refusal).toBeInstanceOf(ConfigurationError);
    expect((refusal as Error).message).toContain('4001');
    const wrong = remoteOf(service, { secretKey: 'wrong' });
    await expect(wrong.subscribe('private-a')).rejects.toBeInstanceOf(AuthenticationError);
    await wrong.subscribe('public');
  });

  it('when the server is restarted it comes back and subscribes anew', async () => {
    const service = await startServer();
    const port = portOf(service);
    const remote = remoteAt(port);
    const { received, logged } = record(remote);
    await Promise.all([remote.subscribe('a'), remote.subscribe('private-b')]);
    await service.close();
    const second = await startServer({ port });
    await expect
      .poll(async () => (await second.api.channels()).toSorted(), { timeout: 5000 })
      .toEqual(['a', 'private-b']);
    await deliver(second, ['private-b'], message('x'), context);
    await expect.poll(() => received.map(({ event }) => event)).toEqual(['x']);
    expect(logged.map(({ level }) => level)).toContain('warn');
  });

  it('a server that has fallen silent is asked, then given up and called again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const silent = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(silent, 'listening');
    onTestFinished(() => {
      for (const socket of silent.clients) socket.terminate();
      silent.close();
    });
    let connections = 0;
    const events: string[] = [];
    silent.on('connection', (socket) => {
      connections++;
      socket.send(
        JSON.stringify({ event: 'pusher:connection_established', data: '{"socket_id":"1.1","activity_timeout":60}' }),
      );
      socket.on('message', (data) => {
        const { event } = JSON.parse(String(data)) as { event: string };
        events.push(event);
        if (event === 'pusher:subscribe')
          socket.send('{"event":"pusher_internal:subscription_succeeded","channel":"a","data":"{}"}');
      });
    });
    const remote = remoteAt((silent.address() as AddressInfo).port);
    record(remote);
    await remote.subscribe('a');
    vi.advanceTimersByTime(60_000);
    await vi.waitUntil(() => events.includes('pusher:ping'));
    vi.advanceTimersByTime(30_000);
    await vi.waitUntil(() => {
      vi.advanceTimersByTime(100);
      return connections === 2 && events.filter((event) => event === 'pusher:subscribe').length === 2;
    });
  });

  it('it answers pings, and closes for good', async () => {
    const service = await startServer({ activityTimeoutSeconds: 0.2, pongTimeoutSeconds: 0.2 });
    const remote = remoteOf(service);
    const { received } = record(remote);
    await remote.subscribe('a');
    const witness = await Client.connect(service, { autoPong: false });
    await witness.closed;
    await deliver(service, ['a'], message('x'), context);
    await expect.poll(() => received.length).toBe(1);
    await Promise.all([remote.close(), remote.close()]);
    await expect.poll(() => service.api.localConnections).toBe(0);
  });
});

it('reconnecting waits longer with each failure, up to a limit, and heeds the close code', () => {
  expect([reconnectDelay(4001, 0), reconnectDelay(4099, 5), reconnectDelay(4200, 0)]).toEqual([
    undefined,
    undefined,
    0,
  ]);
  for (const code of [1006, 4100, 4300]) {
    expect(reconnectDelay(code, 0)).toBeGreaterThanOrEqual(250);
    expect(reconnectDelay(code, 3)).toBeGreaterThanOrEqual(2000);
    expect(reconnectDelay(code, 100)).toBeLessThanOrEqual(30_000);
  }
  expect(reconnectDelay(4200, 1)).toBeGreaterThan(0);
});
