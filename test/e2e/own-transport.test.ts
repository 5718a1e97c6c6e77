import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPushService, memorySessions, type OutgoingMessage, PushServiceWrapper } from '../../src/index.js';
import { connectBrowser } from './browser.js';
import { readForPage } from './page-files.js';

/** A backend of the application's own: server-sent events to whoever has opened `/events/CHANNEL`. */
class EventStreamService extends PushServiceWrapper<Map<string, ServerResponse>> {
  override api: Map<string, ServerResponse> = new Map();

  protected override async sendData(channel: string, { event, data }: OutgoingMessage): Promise<void> {
    this.api.get(channel)?.write(`data: ${JSON.stringify({ event, data })}\n\n`);
  }
}

let browser: Browser;

beforeAll(async () => {
  browser = await connectBrowser();
}, 60_000);

afterAll(async () => {
  await browser?.close();
});

it('a custom backend reaches a PushClient that overrides subscribe and unsubscribe, without pusher-js', {
  timeout: 30_000,
}, async () => {
  const sessions = memorySessions();
  const streams = new EventStreamService();
  await using service = createPushService({ backend: streams, sessions });
  const server = createServer(async ({ url = '/' }, response) => {
    if (url === '/login') {
      response.end(JSON.stringify(await service.clientConfig({ session: await sessions.add('ada') })));
    } else if (url.startsWith('/events/')) {
      const channel = decodeURIComponent(url.slice('/events/'.length));
      streams.api.set(channel, response.writeHead(200, { 'content-type': 'text/event-stream' }));
      response.once('close', () => streams.api.delete(channel)).flushHeaders();
      server.emit('streams', streams.api.size);
      response.once('close', () => server.emit('streams', streams.api.size));
    } else {
      const content = await readForPage(url);
      response
        .writeHead(content ? 200 : 404, { 'content-type': url.endsWith('.html') ? 'text/html' : 'text/javascript' })
        .end(content);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const page = await browser.newPage();
  const streamOpened = once(server, 'streams');
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/event-source.html`);
  await streamOpened;
  const report = await service.send({ event: 'order.shipped', users: ['ada'], data: { orderId: 42 } });
  await page.waitForFunction('messages.length === 1');
  expect(await page.evaluate('messages')).toEqual([{ channel: report.accepted[0], data: { orderId: 42 } }]);
  expect(await page.evaluate('typeof Pusher')).toBe('undefined');

  const streamClosed = once(server, 'streams');
  await page.evaluate('client.disconnect()');
  expect(await streamClosed).toEqual([0]);
  await page.close();
  server.close();
  server.closeAllConnections();
});
