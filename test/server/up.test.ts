import { createServer } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocketService } from '../../src/backends/websocket/index.js';
import { listen } from '../support/ports.js';
import { Client } from './support/client.js';
import { RawClient } from './support/raw-client.js';
import { credentials, portOf, startServer } from './support/server.js';

const get = 'GET /up HTTP/1.1\r\nHost: localhost\r\n\r\n';

it.each(['/up', '/up?from=balancer'])('GET %s answers 200 without a signature, never from a cache', async (path) => {
  const service = await startServer({ maxConnections: 1 });
  await Client.connect(service);
  const response = await fetch(`http://127.0.0.1:${portOf(service)}${path}`);
  expect([response.status, await response.text()]).toEqual([200, '{"health":"OK"}']);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(response.headers.get('cache-control')).toBe('no-store');
});

it('HEAD /up has the same answer without its body; other methods are told which two there are', async () => {
  const url = `http://127.0.0.1:${portOf(await startServer())}/up`;
  const head = await fetch(url, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '15', '']);
  const post = await fetch(url, { method: 'POST' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

it.each(['/', '/up/', '/upper', '/metrics', '/apps/up'])('%s is not /up', async (path) => {
  const service = await startServer({ metricsPort: 0 });
  expect((await fetch(`http://127.0.0.1:${portOf(service)}${path}`)).status).toBe(404);
});

it('answers 503 while the server closes, as long as a client is there, to who is connected', async () => {
  const service = await startServer({ closeTimeoutMs: 60_000 });
  const probe = await RawClient.open(service);
  probe.collect();
  probe.write(get);
  await probe.until((text) => text.endsWith('{"health":"OK"}'));
  const early = await RawClient.open(service);
  early.collect();
  early.write(get.slice(0, 20));
  const lingering = await RawClient.connect(service);
  const closed = service.close();
  early.write(get.slice(20));
  const answer = await early.until((text) => text.endsWith('{"health":"CLOSING"}'));
  expect(answer).toMatch(/^HTTP\/1\.1 503 .*Cache-Control: no-store/s);
  await early.ended;
  lingering.destroy();
  await closed;
  await probe.ended;
});

it('is left to the application on a server of its own, and answered on the port for figures', async () => {
  const server = createServer((_request, response) => response.writeHead(418).end());
  const port = await listen(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const service = new WebSocketService({ ...credentials, options: { metricsPort: 0, closeTimeoutMs: 60_000 } });
  onTestFinished(() => service.close());
  service.attach(server);
  await service.open();
  const url = `http://127.0.0.1:${service.metricsAddress?.port}/up`;
  const health = async (): Promise<unknown> => (await fetch(url)).json();
  expect((await fetch(`http://127.0.0.1:${port}/up`)).status).toBe(418);
  expect(await health()).toEqual({ health: 'OK' });
  const lingering = await RawClient.connect({ address: { host: '127.0.0.1', port } } as WebSocketService);
  const closed = service.close();
  expect(await health()).toEqual({ health: 'CLOSING' });
  lingering.destroy();
  await closed;
  await expect(health()).rejects.toThrow('fetch failed');
  await service.open();
  expect(await (await fetch(`http://127.0.0.1:${service.metricsAddress?.port}/up`)).json()).toEqual({ health: 'OK' });
});
