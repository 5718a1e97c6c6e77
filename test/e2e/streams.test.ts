import { createServer, request as forward, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocketService } from '../../src/backends/websocket/index.js';
import { createPushHandler, toNodeHandler } from '../../src/http/index.js';
import { createPushService, type PushService } from '../../src/index.js';
import { deliver } from '../support/deliver.js';
import { recordedMessage } from '../support/recorded-message.js';
import { listenInTest } from '../support/test-server.js';
import { readForPage } from './page-files.js';
import { useBrowser } from './setup.js';

const browser = useBrowser();

const html = `<!doctype html><link rel="icon" href="data:,">
  <script src="/pusher.min.js"></script><script src="/pushrail-client.min.js"></script>
  <script src="/pushrail-fallback.min.js"></script>`;

/** The pages by their paths. */
const pages: Readonly<Record<string, string>> = {
  '/': html,
  '/script': '<!doctype html><link rel="icon" href="data:,"><script src="/push/client.js"></script>',
};

/** An application on the embedded server, in which everybody is Ann. */
async function startApplication(): Promise<{ push: PushService; server: Server; port: number; asked: string[] }> {
  const asked: string[] = [];
  const plain = { '/ws/{channel}': {} };
  const backend = new WebSocketService({ appId: '1001', pubKey: 'key', secretKey: 'secret', options: { plain } });
  const push: PushService = createPushService({ backend });
  onTestFinished(() => push.close());
  push.authorize('private-orders.{user}', ({ user, params }) => user === params.user);
  push.authorize('presence-room', () => true);
  const pushRoutes = toNodeHandler(createPushHandler(push, { authenticate: () => 'ann' }));
  const server = createServer(async (request, response) => {
    const { url = '/' } = request;
    if (url.startsWith('/push/')) {
      if (/(?:js|config)$/.test(url)) asked.push(url.replace('/push/', ''));
      return void pushRoutes(request, response);
    }
    const page = pages[url];
    const content = page ?? (await readForPage(url));
    const type = page === undefined ? 'text/javascript' : 'text/html';
    response.writeHead(content === undefined ? 404 : 200, { 'content-type': type }).end(content);
  });
  backend.attach(server);
  return { push, server, port: await listenInTest(server), asked };
}

interface Proxy {
  readonly port: number;
  /** Responses of server-sent events that are open. */
  readonly streams: Set<ServerResponse>;
  /** Resolves when a WebSocket is refused. */
  readonly refusal: Promise<void>;
  /** Lets WebSockets through. What the pages say on them waits for the returned function. */
  letThrough(): () => void;
}

/** A proxy that hands requests on, and refuses WebSockets until it is told otherwise. */
async function startProxy(target: number): Promise<Proxy> {
  const said = Promise.withResolvers<void>();
  const refused = Promise.withResolvers<void>();
  let letsThrough = false;
  const streams: Proxy['streams'] = new Set();
  const server = createServer((incoming, response) => {
    const { url, method, headers } = incoming;
    const asked = forward({ host: '127.0.0.1', port: target, path: url, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    asked.on('error', () => response.destroy());
    if (url?.startsWith('/push/events')) streams.add(response);
    response.on('close', () => {
      streams.delete(response);
      asked.destroy();
    });
    incoming.pipe(asked);
  });
  server.on('upgrade', ({ url, headers }, socket) => {
    if (!letsThrough) {
      refused.resolve();
      return void socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    }
    const asked = forward({ host: '127.0.0.1', port: target, path: url, headers });
    asked.on('upgrade', (answer, upstream: Socket, head) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${String(value)}`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      upstream.unshift(head);
      upstream.pipe(socket);
      void said.promise.then(() => socket.pipe(upstream));
      socket.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
      upstream.on('error', () => socket.destroy());
    });
    asked.end();
  });
  const letThrough = (): (() => void) => {
    letsThrough = true;
    return said.resolve;
  };
  return { port: await listenInTest(server), streams, refusal: refused.promise, letThrough };
}

async function open(port: number): Promise<Page> {
  const page = await (await browser().newContext()).newPage();
  await page.goto(`http://127.0.0.1:${port}/`);
  return page;
}

describe('a page without a client', () => {
  it('hears by EventSource and by a bare WebSocket, and is refused by both', async () => {
    const { push, port } = await startApplication();
    const page = await open(port);
    await page.evaluate(`
      globalThis.heard = [];
      globalThis.ends = [];
      const socketOf = (channel) => new WebSocket('ws://' + location.host + '/ws/' + channel);
      const sourceOf = (channel) => new EventSource('/push/events?channel=' + channel);
      const opened = (target) => new Promise((resolve) => { target.onopen = resolve; });
      const source = sourceOf('private-orders.ann&channel=news');
      source.onmessage = ({ data, lastEventId }) => heard.push({ ...JSON.parse(data), lastEventId });
      const socket = socketOf('news');
      socket.onmessage = ({ data }) => heard.push(JSON.parse(data));
      for (const refused of [sourceOf('private-orders.ben'), socketOf('private-orders-ben')])
        refused.onerror = () => ends.push(refused.readyState);
      Promise.all([opened(source), opened(socket)]).then(() => { globalThis.isOpen = true; });
    `);
    await page.waitForFunction('globalThis.isOpen && ends.length === 2');
    const { id } = await push.send({ event: 'e', channels: 'news', data: { n: 1 } });
    await page.waitForFunction('heard.length === 2');
    const heard = (await page.evaluate('heard')) as object[];
    expect(heard).toContainEqual({ event: 'e', data: { n: 1 }, id });
    expect(heard).toContainEqual({ event: 'e', channel: 'news', data: { n: 1 }, id, lastEventId: id });
    // CLOSED of EventSource, and of WebSocket: neither tries again.
    expect(await page.evaluate('ends.sort()')).toEqual([2, 3]);
  });
});

describe('PushClient behind a proxy that refuses WebSockets', () => {
  it('hears by server-sent events, says what is missing, and goes back to a WebSocket', async () => {
    const { push, port } = await startApplication();
    const proxy = await startProxy(port);
    const page = await open(proxy.port);
    await page.evaluate(`
      globalThis.heard = [];
      globalThis.subscribed = [];
      globalThis.errors = [];
      fetch('/push/config').then((response) => response.json()).then((config) => {
        globalThis.client = new PushClient(config, { pusher: { unavailableTimeout: 300 } });
        client.bindAll((data, { channel, event }) => heard.push({ channel, event, data }));
        client.onSubscribed(({ channel }) => subscribed.push(channel));
        client.onError(({ code, channel, status }) => errors.push([code, channel, status].filter(Boolean).join(' ')));
        for (const channel of ['news', 'private-orders.ann', 'private-orders.ben']) client.subscribe(channel);
        client.connect();
      });
    `);
    await page.waitForFunction("subscribed.includes('news') && client.state === 'connected'");
    await push.send({ event: 'e', channels: ['news', 'private-orders.ann'], data: 1 });
    await page.waitForFunction('heard.length === 2');
    await page.evaluate("client.subscribe('later'); client.unsubscribe('news')");
    await page.waitForFunction("subscribed.includes('later')");
    await push.send({ event: 'f', channels: ['news', 'later'], data: 2 });
    await page.waitForFunction('heard.length === 3');
    expect(await page.evaluate('heard.at(-1)')).toEqual({ channel: 'later', event: 'f', data: 2 });
    expect(await page.evaluate('client.socketId')).toBeUndefined();
    const errors = (await page.evaluate('errors')) as string[];
    expect(errors).toContain('SUBSCRIPTION private-orders.ben 403');
    expect(errors.filter((error) => error === 'FALLBACK')).toHaveLength(1);

    const recorded = recordedMessage('once', 0);
    const context = { signal: new AbortController().signal };
    for (const _ of [1, 2]) await deliver(push.backend, ['later'], recorded, context);

    const letSay = proxy.letThrough();
    // pusher-js tries again at once when the browser says that the network is back.
    await page.evaluate("void dispatchEvent(new Event('online'))");
    await page.waitForFunction('client.socketId !== undefined');
    // The WebSocket has no channel yet, so that the stream still brings what is sent.
    await push.send({ event: 'g', channels: 'later', data: 3 });
    await page.waitForFunction('heard.length === 5');
    expect(proxy.streams.size).toBe(1);
    letSay();
    await vi.waitUntil(() => proxy.streams.size === 0, { timeout: 5000 });
    // By the WebSocket, what has come by the stream.
    await deliver(push.backend, ['later'], recorded, context);
    await push.send({ event: 'h', channels: 'later', data: 4 });
    await page.waitForFunction('heard.length >= 6');
    expect(await page.evaluate('heard.slice(3)')).toEqual([
      { channel: 'later', event: 'once', data: 0 },
      { channel: 'later', event: 'g', data: 3 },
      { channel: 'later', event: 'h', data: 4 },
    ]);
    expect(await page.evaluate('client.state')).toBe('connected');
  });

  it('does so with client.js alone, which imports the fallback only then', async () => {
    const { push, port, asked } = await startApplication();
    const open = async (to: number): Promise<Page> => {
      const page = await (await browser().newContext()).newPage();
      await page.clock.install();
      await page.goto(`http://127.0.0.1:${to}/script`);
      await page.evaluate("PushClient.bind('e', (data) => { globalThis.heard = data; }); PushClient.subscribe('news')");
      return page;
    };
    const direct = await open(port);
    await direct.evaluate('PushClient.ready');
    expect(asked).toEqual(['client.js', 'config']);

    const proxy = await startProxy(port);
    const page = await open(proxy.port);
    await proxy.refusal;
    // After 10 s, pusher-js says that it is unavailable.
    await page.clock.fastForward(11_000);
    await page.evaluate('PushClient.ready');
    await push.send({ event: 'e', channels: 'news', data: 'by a stream' });
    await page.waitForFunction("globalThis.heard === 'by a stream'");
    expect(asked).toContain('fallback.js');
  });
});
