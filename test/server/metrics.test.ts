import { describe, expect, it, vi } from 'vitest';
import { type WebSocketOptions, WebSocketService } from '../../src/backends/websocket/index.js';
import { ConfigurationError } from '../../src/core/errors.js';
import { cutReasons } from '../../src/server/metrics/counters.js';
import { deliver } from '../support/deliver.js';
import { freePort } from '../support/ports.js';
import { Client } from './support/client.js';
import { figures } from './support/exposition.js';
import { RawClient } from './support/raw-client.js';
import { context, credentials, message, portOf, startServer } from './support/server.js';
import { call, event, events } from './support/signed-call.js';
import { failing, WebhookReceiver } from './support/webhook-receiver.js';

/** The figures that are not 0, without the prefix of their names. */
function counted(service: WebSocketService): Readonly<Record<string, number>> {
  const entries = Object.entries(figures(service.api.metrics())).filter(([, value]) => value !== 0);
  return Object.fromEntries(entries.map(([name, value]) => [name.replace(/^pushrail_/, ''), value]));
}

/** The reasons for which connections were cut, with their number. */
function cuts(service: WebSocketService): Readonly<Record<string, number>> {
  const found = Object.entries(counted(service)).map(([name, value]) => [/reason="(\w+)"/.exec(name)?.[1], value]);
  return Object.fromEntries(found.filter(([reason]) => reason !== undefined));
}

function url(service: WebSocketService, path = '/metrics'): string {
  return `http://127.0.0.1:${service.metricsAddress?.port}${path}`;
}

describe('GET /metrics on a port of its own', () => {
  it('answers in the text format of Prometheus, with all series from the start', async () => {
    const service = await startServer({ metricsPort: 0 });
    const response = await fetch(url(service));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const text = await response.text();
    expect(text).toBe(service.api.metrics());
    const series = Object.keys(figures(text));
    expect(series).toContain('pushrail_webhook_failures_total');
    for (const reason of cutReasons) expect(series).toContain(`pushrail_connections_cut_total{reason="${reason}"}`);
    expect(new Set(Object.values(figures(text)))).toEqual(new Set([0]));
    expect(service.api.metricsContentType).toBe(response.headers.get('content-type'));
  });

  it('is on this machine alone unless it is told otherwise, and not on the port for pages', async () => {
    const service = await startServer({ metricsPort: 0 });
    expect(service.metricsAddress?.host).toBe('127.0.0.1');
    expect((await fetch(`http://127.0.0.1:${portOf(service)}/metrics`)).status).toBe(404);
    const open = await startServer({ metricsPort: 0, metricsHost: '0.0.0.0' });
    expect(open.metricsAddress?.host).toBe('0.0.0.0');
  });

  it('takes GET and HEAD, and nothing else is there', async () => {
    const service = await startServer({ metricsPort: 0 });
    const head = await fetch(url(service), { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await fetch(url(service), { method: 'POST' })).status).toBe(405);
    expect((await fetch(url(service, '/apps/app/channels'))).status).toBe(404);
    const client = new Client(service, { url: url(service, '/app/key?protocol=7').replace('http', 'ws') });
    expect(await client.closed).toMatchObject({ code: 1006 });
    expect(service.api.localConnections).toBe(0);
  });

  it('shows nobody: no key, no secret, no application, no channel, no user, no connection', async () => {
    const receiver = await WebhookReceiver.start();
    const service = await startServer({ metricsPort: 0, webhooks: [{ url: receiver.url }] });
    const client = await Client.connect(service);
    await client.join(service, 'presence-room', { id: 'ann' });
    const text = await (await fetch(url(service))).text();
    expect(figures(text)).toMatchObject({ pushrail_connections: 1, pushrail_channels: 1 });
    const { appId, pubKey, secretKey } = credentials;
    for (const name of [appId, pubKey, secretKey, 'room', 'ann', client.socketId, String(receiver.port)])
      expect(text).not.toMatch(new RegExp(`\\b${name}\\b`));
  });

  it('is closed with the server, and leaves nobody waiting', async () => {
    const service = await startServer({ metricsPort: 0, closeTimeoutMs: 60_000 });
    const slow = await RawClient.open({ address: service.metricsAddress } as WebSocketService);
    slow.write('GET /metrics HTTP/1.1\r\n');
    await fetch(url(service));
    await service.close();
    await slow.ended;
    expect(service.metricsAddress).toBeUndefined();
  });
});

describe('a port that is taken', () => {
  it.each<[string, string, (taken: number, free: number) => WebSocketOptions]>([
    ['metricsPort', '"metricsPort"', (taken, free) => ({ metricsPort: taken, port: free, host: '127.0.0.1' })],
    ['port', '"port"', (taken, free) => ({ metricsPort: free, port: taken, host: '127.0.0.1' })],
  ])('as %s is a ConfigurationError that names it, and leaves the other one free', async (_name, shown, options) => {
    const other = await startServer();
    const free = await freePort();
    const service = new WebSocketService({ ...credentials, options: options(portOf(other), free) });
    const error = await service.open().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigurationError);
    const text = `cannot listen on 127.0.0.1:${portOf(other)}: another program listens there already. End it, or set another ${shown}`;
    expect((error as Error).message).toContain(text);
    expect([service.address, service.metricsAddress]).toEqual([undefined, undefined]);
    await expect(fetch(`http://127.0.0.1:${free}/up`)).rejects.toThrow('fetch failed');
    await service.close();
  });
});

describe('the figures count', () => {
  it('what comes in and goes out, in messages and bytes', async () => {
    const service = await startServer();
    const [one, two] = await Promise.all([Client.connect(service), Client.connect(service)]);
    await one.join(service, 'private-a');
    await two.join(service, 'private-a');
    const before = counted(service);
    expect(before).toMatchObject({ connections: 2, channels: 1, connections_opened_total: 2 });
    await deliver(service, ['private-a', 'empty'], message('x', { n: 1 }), context);
    const toEach = JSON.stringify(await one.next('x')).length;
    await two.next('x');
    one.send('client-y', {}, 'private-a');
    const fromOne = JSON.stringify({ event: 'client-y', data: {}, channel: 'private-a' }).length;
    const toTwo = JSON.stringify(await two.next('client-y')).length;
    const after = counted(service);
    const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
    expect(grown('received_messages_total')).toBe(1);
    expect(grown('received_bytes_total')).toBe(fromOne);
    expect(grown('sent_messages_total')).toBe(3);
    // A short frame has a header of two bytes.
    expect(grown('sent_bytes_total')).toBe(2 * (toEach + 2) + toTwo + 2);
    expect(after['published_events_total{source="application"}']).toBe(2);
    expect(after['published_events_total{source="client"}']).toBe(1);
    await call(service, { ...events, body: { ...event, channels: ['a', 'b'] } });
    expect(counted(service)['published_events_total{source="application"}']).toBe(4);
  });

  it('all applications of a server together', async () => {
    const other = { appId: 'other', pubKey: 'other-key', secretKey: 'other-secret' };
    const service = await startServer({ apps: [other] });
    for (const key of ['key', 'other-key']) await (await Client.connect(service, { key })).subscribe('a');
    expect(counted(service)).toMatchObject({ connections: 2, channels: 2 });
    expect(service.api.localConnections).toBe(1);
  });

  it('handshakes that were refused, by the close code', async () => {
    const service = await startServer({ maxConnections: 1, allowedOrigins: ['https://example.com'] });
    await Client.connect(service);
    const refused = [{ key: 'nobody' }, { query: '' }, {}, {}, { headers: { origin: 'https://evil.com' } }];
    for (const options of refused) await new Client(service, options).closed;
    const codes = Object.entries(counted(service)).filter(([name]) => name.startsWith('handshakes_refused'));
    expect(codes).toEqual([
      ['handshakes_refused_total{code="4001"}', 1],
      ['handshakes_refused_total{code="4008"}', 1],
      ['handshakes_refused_total{code="4009"}', 1],
      ['handshakes_refused_total{code="4100"}', 2],
    ]);
    expect(counted(service)).toMatchObject({ connections: 1, connections_opened_total: 1 });
  });

  it('connections that were cut, by the reason', async () => {
    const service = await startServer({ maxMessageBytes: 1000, messagesPerSecond: 1, maxChannelsPerConnection: 1 });
    const client = (): Promise<Client> => Client.connect(service);
    await (await client()).close();
    expect(cuts(service)).toEqual({});

    const dismissed = await client();
    await service.api.disconnect(dismissed.socketId);
    await dismissed.closed;
    const stranger = await client();
    stranger.send('pusher:signin', { auth: 'forged', user_data: '{"id":"ann"}' });
    await stranger.closed;
    const [binary, large] = [await client(), await client()];
    binary.socket.send(Buffer.from([1]));
    large.socket.send('x'.repeat(1001));
    await Promise.all([binary.closed, large.closed]);
    const eager = await client();
    for (let count = 0; count < 20; count++) eager.send('unknown', {});
    await eager.closed;
    expect(cuts(service)).toEqual({ application: 1, unauthorized: 1, bad_frame: 2, over_limit: 1 });
    expect(counted(service)['connections']).toBeUndefined();
  });

  it('connections that were cut because the client has fallen silent, or reads too slowly', async () => {
    const silent = await startServer({ activityTimeoutSeconds: 0.1, pongTimeoutSeconds: 0.1 });
    const client = await Client.connect(silent, { autoPong: false });
    expect(await client.closed).toMatchObject({ code: 4201 });
    expect(cuts(silent)).toEqual({ no_pong: 1 });

    const flooded = await startServer({ maxEventBytes: 100_000, sendBufferBytes: 200_000 });
    const [slow, fast] = await Promise.all([Client.connect(flooded), Client.connect(flooded)]);
    await Promise.all([slow.subscribe('a'), fast.subscribe('a')]);
    slow.socket.pause();
    for (let sent = 0; flooded.api.localConnections > 1 && sent < 1000; sent++) {
      await deliver(flooded, ['a'], message('x', 'x'.repeat(90_000)), context);
      await fast.next('x');
    }
    expect(cuts(flooded)).toEqual({ slow_reader: 1 });
    slow.socket.resume();
    await slow.closed;
  });

  it('events of webhooks that wait, are taken, and fail', async () => {
    const receiver = await WebhookReceiver.start();
    receiver.answer = failing;
    const service = await startServer({ webhooks: [{ url: receiver.url }], webhookBatchMs: 1 });
    const client = await Client.connect(service);
    await client.subscribe('a');
    await vi.waitFor(() => expect(counted(service)['webhook_failures_total']).toBeGreaterThan(0));
    expect(counted(service)).toMatchObject({ webhook_events_waiting: 2 });
    expect(counted(service)).not.toHaveProperty('webhook_events_sent_total');
    receiver.answer = (response) => response.writeHead(200).end();
    await vi.waitFor(() => expect(counted(service)['webhook_events_sent_total']).toBe(2));
    await vi.waitFor(() => expect(counted(service)).not.toHaveProperty('webhook_events_waiting'));
    receiver.answer = failing;
    await service.close();
    // The channel was vacated, and nobody took it.
    expect(counted(service)).toMatchObject({ webhook_events_sent_total: 2, webhook_events_dropped_total: 1 });
    expect(counted(service)).not.toHaveProperty('webhook_events_waiting');
  });

  it('on, when the server is closed and opened again; what there is now begins anew', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    await deliver(service, ['a'], message('x'), context);
    await client.next('x');
    const before = counted(service);
    await service.close();
    const { connections, channels, ...counters } = before;
    expect([connections, channels]).toEqual([1, 1]);
    const { connections: left, channels: empty, ...kept } = counted(service);
    expect([left, empty]).toEqual([undefined, undefined]);
    for (const [name, value] of Object.entries(counters)) expect(kept[name], name).toBeGreaterThanOrEqual(value);
    await service.open();
    await Client.connect(service);
    expect(counted(service)).toMatchObject({ connections: 1, connections_opened_total: 2 });
  });
});
