import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type WebSocketOptions, WebSocketService } from '../../src/backends/websocket/index.js';
import { ConfigurationError, createPushService, type PushService, userChannels } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { itOfEachNode, newServer } from '../support/nodes/nodes.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { Client } from './support/client.js';

const keys = { appId: '1001', pubKey: 'key', secretKey: 'keep-this-to-yourself' };

interface Setup {
  readonly push: PushService<WebSocketService>;
  readonly backend: WebSocketService;
  readonly logger: RecordingLogger;
}

const cookieUser = (request: Request): string | undefined =>
  /(?:^|; )login=(\w+)/.exec(request.headers.get('cookie') ?? '')?.[1];

async function setUp(options: WebSocketOptions, settings: { timeout?: number } = {}): Promise<Setup> {
  const logger = new RecordingLogger();
  const backend = await newServer(keys, { port: 0, host: '127.0.0.1', ...options });
  const sessions = userChannels({ prefix: 'private-user-' });
  const push = createPushService({ backend, logger, sessions, ...settings }) as PushService<WebSocketService>;
  onTestFinished(() => push.close());
  push.authorize('private-orders.{user}', ({ user, params }) => user === params.user);
  await push.ready();
  return { push, backend, logger };
}

/** A page on a bare WebSocket: what it got, and how the server has answered or ended it. */
class Page {
  readonly socket: WebSocket;
  readonly frames: { event: string; data: unknown; id: string }[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<number>;
  readonly refused: Promise<string>;

  constructor({ address }: { readonly address: WebSocketService['address'] }, path: string, headers = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${address?.port}${path}`, { headers });
    this.socket.on('message', (data) => this.frames.push(JSON.parse(String(data))));
    this.socket.on('error', () => undefined);
    this.opened = once(this.socket, 'open').then(() => undefined);
    this.opened.catch(() => undefined);
    this.closed = new Promise((resolve) => this.socket.on('close', resolve));
    this.refused = new Promise((resolve) =>
      this.socket.on('unexpected-response', (request, response: IncomingMessage) => {
        let text = `${response.statusCode} `;
        response.on('data', (chunk) => {
          text += String(chunk);
        });
        response.on('end', () => {
          request.destroy();
          resolve(text);
        });
      }),
    );
    onTestFinished(() => this.socket.terminate());
  }
}

describe('options.plain', () => {
  it('gives a bare WebSocket the events of its channel', async () => {
    const { push, backend } = await setUp({ plain: { '/ws/{channel}': {} } });
    const page = new Page(backend, '/ws/danidee');
    await page.opened;
    const { id } = await push.send({ event: 'order.shipped', channels: 'danidee', data: { orderId: 42 } });
    await push.send({ event: 'elsewhere', channels: 'others', data: 1 });
    await push.send({ event: 'text', channels: 'danidee', data: 'a text' });
    await vi.waitFor(() => expect(page.frames).toHaveLength(2));
    expect(page.frames).toEqual([
      { event: 'order.shipped', data: { orderId: 42 }, id },
      { event: 'text', data: 'a text', id: expect.stringMatching(/^[\w-]{36}$/) },
    ]);
    expect(await push.channel('danidee').info()).toEqual({ occupied: true, subscriptionCount: 1 });
  });

  it('hears what clients of the protocol send, and is no member', async () => {
    const authenticate = cookieUser;
    const { push, backend } = await setUp({ plain: { '/chat/{channel*}': { authenticate } }, clientEvents: 'all' });
    push.authorize('presence-room', ({ user }) => ({ id: String(user) }));
    const page = new Page(backend, '/chat/presence-room', { cookie: 'login=ann' });
    await page.opened;
    const client = await Client.connect(backend);
    await client.join(backend, 'presence-room', { id: 'ben' });
    client.socket.send(JSON.stringify({ event: 'client-hello', channel: 'presence-room', data: { from: 'ben' } }));
    await vi.waitFor(() => expect(page.frames).toHaveLength(1));
    expect(page.frames).toMatchObject([{ event: 'client-hello', data: { from: 'ben' } }]);
    expect(await push.channel('presence-room').users()).toEqual(['ben']);
  });

  it('gets the last event of a cache channel', async () => {
    const { push, backend } = await setUp({ plain: { '/{channel}': {} } });
    await push.send({ event: 'e', channels: 'cache-x', data: [1] });
    const page = new Page(backend, '/cache-x');
    await vi.waitFor(() => expect(page.frames).toMatchObject([{ event: 'e', data: [1] }]));
  });

  it('finds the visitor by cookies, and asks the rules', async () => {
    const { push, backend } = await setUp({
      plain: {
        '/mine/{channel}': { channel: 'private-user-{channel}', authenticate: cookieUser },
        '/{channel*}': { authenticate: cookieUser },
      },
    });
    const cookie = { cookie: 'login=ann' };
    const mine = new Page(backend, '/mine/ann', cookie);
    const byRule = new Page(backend, '/private-orders.ann', cookie);
    await Promise.all([mine.opened, byRule.opened]);
    await push.send({ event: 'e', users: 'ann', data: 1 });
    await vi.waitFor(() => expect(mine.frames).toHaveLength(1));
    expect(await new Page(backend, '/mine/ann').refused).toContain('401 ');
    expect(await new Page(backend, '/mine/ben', cookie).refused).toContain('403 ');
    expect(await new Page(backend, '/private-orders.ben', cookie).refused).toContain('this user may not');
    expect(await new Page(backend, '/private-encrypted-x', cookie).refused).toContain('403 ');
    expect(await new Page(backend, '/a%20b', cookie).refused).toBe('404 There is no such channel');
  });

  it('refuses foreign pages where cookies count, unless they are allowed by name or have a token', async () => {
    const authenticate = cookieUser;
    const { push, backend } = await setUp({
      allowedOrigins: ['*'],
      plain: { '/{channel*}': { authenticate, allowedOrigins: ['https://friend.example'] }, '/open/{channel}': {} },
    });
    const path = '/private-orders.ann';
    const from = (origin: string): object => ({ origin, cookie: 'login=ann' });
    expect(await new Page(backend, path, from('https://evil.example')).refused).toContain('403 ');
    await new Page(backend, path, from('https://friend.example')).opened;
    await new Page(backend, path, from(`http://127.0.0.1:${backend.address?.port}`)).opened;
    await new Page(backend, '/open/news', from('https://evil.example')).opened;
    const token = await push.streamToken({ user: 'ann', channels: 'private-orders.ann' });
    await new Page(backend, `${path}?token=${token}`, { origin: 'https://elsewhere.example' }).opened;
    expect(await new Page(backend, `/news?token=${token}`).refused).toContain('403 The "token" is not for "news".');
    expect(await new Page(backend, `${path}?token=x${token}`).refused).toBe('401 The "token" is not valid.');
  });

  it('shows the token to no rule, no function of the application, and no log', async () => {
    const seen: unknown[] = [];
    const authenticate = (request: Request): string => {
      seen.push(request.url);
      throw new Error('down');
    };
    const { backend, logger } = await setUp({ plain: { '/{channel}': { authenticate } } });
    expect(await new Page(backend, '/news?a=b').refused).toBe('500 The server failed');
    expect(seen).toEqual([`http://127.0.0.1:${backend.address?.port}/news?a=b`]);
    expect(await new Page(backend, '/news?token=secret-of-ann').refused).toContain('401 ');
    expect(seen).toHaveLength(1);
    expect(logger.entries).toMatchObject([{ level: 'error', details: { err: { message: 'down' } } }]);
    expect(JSON.stringify(logger.entries)).not.toContain('secret-of-ann');
  });

  it('ends with a log-out and with the server', async () => {
    const authenticate = cookieUser;
    const { push, backend } = await setUp({ plain: { '/{channel*}': { authenticate } } });
    const ann = new Page(backend, '/news', { cookie: 'login=ann' });
    const ben = new Page(backend, '/news', { cookie: 'login=ben' });
    await Promise.all([ann.opened, ben.opened]);
    await push.disconnect({ user: 'ann' });
    expect(await ann.closed).toBe(4009);
    expect(ben.socket.readyState).toBe(WebSocket.OPEN);
    await push.close();
    expect(await ben.closed).toBe(4200);
    expect([...ann.frames, ...ben.frames]).toEqual([]);
  });

  it('refuses whoever is logged out while the application looks up the user', async () => {
    const [asked, lookUp] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    const authenticate = (): Promise<string> => {
      asked.resolve();
      return lookUp.promise;
    };
    const { push, backend } = await setUp({ plain: { '/{channel*}': { authenticate } } });
    const page = new Page(backend, '/private-orders.ann');
    await asked.promise;
    await new Promise((resolve) => setTimeout(resolve, 5));
    await push.disconnect({ user: 'ann' });
    lookUp.resolve('ann');
    expect(await page.refused).toBe('401 Nobody is logged in any more.');
  });

  it.each(['/{channel*}', '/{first}/{channel}', '/{x}pp/{channel}'])(
    "leaves the addresses of Pusher's protocol alone: %s",
    async (path) => {
      const { backend } = await setUp({ plain: { [path]: {} } });
      await (await Client.connect(backend)).subscribe('news');
    },
  );

  it('ignores what the client sends, and cuts one that goes on', async () => {
    const { push, backend } = await setUp({
      plain: { '/{channel}': {} },
      messagesPerSecond: 1,
      maxChannelsPerConnection: 1,
    });
    const page = new Page(backend, '/news');
    await page.opened;
    page.socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel: 'others' } }));
    page.socket.send(Buffer.from('binary'));
    page.socket.ping();
    await once(page.socket, 'pong');
    await push.send({ event: 'e', channels: ['news', 'others'], data: 1 });
    await vi.waitFor(() => expect(page.frames).toHaveLength(1));
    for (let index = 0; index < 20; index++) page.socket.send('x');
    expect(await page.closed).toBe(4100);
    expect(page.frames).toHaveLength(1);
  });

  it('is pinged by frames alone when it is silent', async () => {
    const { backend } = await setUp({ plain: { '/{channel}': {} }, activityTimeoutSeconds: 0.1 });
    const page = new Page(backend, '/news');
    await once(page.socket, 'ping');
    await once(page.socket, 'ping');
    expect(page.frames).toEqual([]);
  });

  itOfEachNode('counts as a connection, and is refused when there are enough', async () => {
    const { backend } = await setUp({ plain: { '/{channel}': {} }, maxConnections: 1 });
    await new Page(backend, '/news').opened;
    expect(backend.api.localConnections).toBe(1);
    expect(await new Page(backend, '/news').refused).toBe('503 The server is over capacity');
    expect(backend.api.metrics()).toContain('pushrail_handshakes_refused_total{code="4100"} 1');
  });

  it('must be authorised where connections have to be', async () => {
    const { backend } = await setUp({
      authorizedConnections: true,
      plain: { '/{channel}': { authenticate: cookieUser } },
    });
    expect(await new Page(backend, '/news').refused).toContain('401 ');
    await new Page(backend, '/news', { cookie: 'login=ann' }).opened;
  });

  it('is there on a server that it is attached to, beside other WebSockets', async () => {
    const { push, backend } = await setUp({ plain: { '/ws/{channel}': {} }, path: '/push' });
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    backend.attach(server);
    const address = server.address() as AddressInfo;
    const at = { address: { host: address.address, port: address.port } };
    const page = new Page(at, '/ws/news');
    await page.opened;
    await push.send({ event: 'e', channels: 'news', data: 1 });
    await vi.waitFor(() => expect(page.frames).toHaveLength(1));
    expect(await new Page(at, '/elsewhere').refused).toContain('404 ');
  });

  it.each<[string, WebSocketOptions['plain'], string]>([
    ['no slash', { 'ws/{channel}': {} }, 'must begin with "/"'],
    ["Pusher's paths", { '/app/{channel}': {} }, "is taken by Pusher's protocol"],
    ['a channel without its parameter', { '/ws/{name}': {} }, 'has no parameter "{channel}"'],
    ['the same path twice', { '/{a}': { channel: '{a}' }, '/{b}': { channel: '{b}' } }, 'matches the same addresses'],
    ['a pattern that is none', { '/{a': { channel: 'x' } }, 'has a brace that belongs to no parameter'],
    ['every origin', { '/{channel}': { allowedOrigins: ['*'] } }, 'must be an origin'],
    ['an unknown key', { '/{channel}': { chanel: 'x' } as object }, 'chanel'],
  ])('refuses %s', async (_what, plain, text) => {
    const failure = await failureOf(ConfigurationError, () => new WebSocketService({ ...keys, options: { plain } }));
    expect(failure.message).toContain(text);
  });
});
