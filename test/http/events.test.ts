import { once } from 'node:events';
import { createServer, type IncomingMessage, request as nodeRequest } from 'node:http';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createPushHandler, type PushHandler, type PushHandlerOptions, toNodeHandler } from '../../src/http/index.js';
import {
  AuthenticationError,
  ConfigurationError,
  createPushService,
  memorySessions,
  type OpenStream,
  type PushServerSettings,
  type PushService,
  type StreamFrame,
  type StreamReader,
  ValidationError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { listenInTest, serve } from '../support/test-server.js';
import { Application, logOuts } from './support/application.js';
import { EventReader } from './support/event-reader.js';

const keys = { appId: '1001', pubKey: 'shop-key', secretKey: 'keep-this-to-yourself' };
const page = 'https://shop.example';

interface Setup {
  readonly push: PushService;
  readonly handler: PushHandler;
  readonly logger: RecordingLogger;
}

/** A service on the embedded server, and a handler that takes the header `X-User` for who is logged in. */
function setUp(options: PushHandlerOptions = {}, settings: object = {}): Setup {
  const logger = new RecordingLogger();
  const given = { backend: 'websocket', ...keys, logger, sessions: memorySessions(), ...settings };
  const push: PushService = createPushService(given as PushServerSettings);
  onTestFinished(() => push.close());
  push.authorize('private-orders.{user}', ({ user, params }) => user === params.user);
  push.authorize('presence-room', ({ user }) => ({ id: String(user) }));
  const authenticate = (request: Request): string | null => request.headers.get('x-user');
  return { push, logger, handler: createPushHandler(push, { authenticate, ...options }) };
}

function ask(channels: string | readonly string[], headers: Record<string, string> = {}, more = ''): Request {
  const query = [channels].flat().map((channel) => `channel=${encodeURIComponent(channel)}`);
  return new Request(`${page}/push/events?${query.join('&')}${more}`, { headers });
}

async function open({ handler }: Setup, request: Request): Promise<EventReader> {
  const response = await handler(request);
  expect(response.status).toBe(200);
  return new EventReader(response);
}

async function refusalOf({ handler }: Setup, request: Request): Promise<object> {
  const response = await handler(request);
  return { status: response.status, ...((await response.json()) as object) };
}

describe('GET …/events', () => {
  it('streams the messages of a public channel to anybody, each with an id', async () => {
    const setup = setUp();
    const heard: unknown[] = [];
    setup.push.on('messageReceived', (message) => heard.push(message));
    const events = await open(setup, ask('orders'));
    const { headers } = events.response;
    expect(headers.get('content-type')).toBe('text/event-stream');
    expect(headers.get('cache-control')).toContain('no-transform');
    expect(headers.get('x-accel-buffering')).toBe('no');

    const { id } = await setup.push.send({ event: 'order.shipped', channels: 'orders', data: { orderId: 42 } });
    await setup.push.send({ event: 'elsewhere', channels: 'others', data: 1 });
    await setup.push.send({ event: 'text', channels: 'orders', data: 'two\n\nlines' });
    const data = { event: 'order.shipped', channel: 'orders', data: { orderId: 42 }, id };
    expect(await events.next()).toEqual({ id, data });
    expect(await events.next()).toMatchObject({ data: { event: 'text', data: 'two\n\nlines' } });
    expect(events.others).toEqual(['retry: 3000']);
    // What pages hear is nothing that the application has asked for.
    expect(heard).toEqual([]);
  });

  it('streams several channels at once, and hands the application what it hears itself', async () => {
    const setup = setUp();
    const heard: string[] = [];
    setup.push.on('messageReceived', ({ channel }) => heard.push(channel));
    await setup.push.subscribe('b');
    const events = await open(setup, ask(['a', 'b', 'a']));
    await setup.push.send({ event: 'e', channels: ['a', 'b', 'c'], data: 1 });
    const got = [await events.next(), await events.next()];
    expect(got).toMatchObject([{ data: { channel: 'a' } }, { data: { channel: 'b' } }]);
    expect(heard).toEqual(['b']);
  });

  it.each<[string, string, Record<string, string>, number, string]>([
    ['a private channel to nobody', 'private-orders.ann', {}, 401, 'nobody is logged in'],
    ['a channel of somebody else', 'private-orders.ann', { 'x-user': 'ben' }, 403, 'this user may not'],
    ['a channel without a rule', 'private-x', { 'x-user': 'ann' }, 403, 'no rule of authorize() fits it'],
    ['the channel of another user', '#server-to-user-ben', { 'x-user': 'ann' }, 403, 'no rule'],
    ['an encrypted channel', 'private-encrypted-x', { 'x-user': 'ann' }, 403, 'only pusher-js can read'],
  ])('refuses %s', async (_what, channel, headers, status, reason) => {
    const refusal = await refusalOf(setUp(), ask(['orders', channel], headers));
    expect(refusal).toEqual({ status, error: expect.stringContaining(reason), refused: [channel] });
  });

  it('takes the rules, the own channel of a session and of a user for it', async () => {
    const session = (): { channelId: string } => ({ channelId: 'private-session-1' });
    const setup = setUp({ session });
    await setup.push.ready();
    const store = memorySessions();
    const { channelId } = await store.add('ann', 'private-of-ann');
    const mine = ['private-orders.ann', 'presence-room', 'private-session-1', '#server-to-user-ann'];
    const events = await open(setup, ask(mine, { 'x-user': 'ann' }));
    await setup.push.send({ event: 'e', channels: mine, data: 1 });
    for (const channel of mine) expect(await events.next()).toMatchObject({ data: { channel } });
    expect(await refusalOf(setup, ask(channelId, { 'x-user': 'ann' }))).toMatchObject({ status: 403 });
  });

  it('answers what is no channel, too many, or a backend that cannot subscribe', async () => {
    const setup = setUp();
    expect(await refusalOf(setup, new Request(`${page}/push/events`))).toEqual({
      status: 400,
      error: 'The "channel" is missing: ask for events?channel=NAME.',
    });
    expect(await refusalOf(setup, ask('a b'))).toMatchObject({ status: 400 });
    const many = Array.from({ length: 101 }, (_, index) => `c${index}`);
    expect(await refusalOf(setup, ask(many))).toMatchObject({ status: 400, error: expect.stringContaining('101') });
    const deaf = setUp({}, { backend: 'onesignal', appId: crypto.randomUUID(), pubKey: undefined });
    expect(await refusalOf(deaf, ask('a'))).toEqual({ status: 501, error: 'The server failed.' });
    // Nothing says which channels of an application's own backend are public.
    const own = setUp({}, { backend: RecordingBackend });
    expect(await refusalOf(own, ask('a'))).toMatchObject({ status: 401, refused: ['a'] });
  });

  it('refuses pages of other sites, but not those that are allowed by name', async () => {
    const setup = setUp({ allowedOrigins: ['https://friend.example'] });
    const foreign = { origin: 'https://evil.example', host: 'shop.example', 'x-user': 'ann' };
    expect(await refusalOf(setup, ask('orders', foreign))).toMatchObject({ status: 403 });
    const crossSite = { 'sec-fetch-site': 'cross-site', 'x-user': 'ann' };
    expect(await refusalOf(setup, ask('orders', crossSite))).toMatchObject({ status: 403 });
    const friend = await setup.handler(ask('orders', { ...foreign, origin: 'https://friend.example' }));
    expect(friend.headers.get('access-control-allow-origin')).toBe('https://friend.example');
    expect(friend.headers.get('access-control-allow-credentials')).toBe('true');
    await friend.body?.cancel();
  });

  it('ends when the service closes, and frees its place', async () => {
    const setup = setUp({ maxStreams: 1 });
    const events = await open(setup, ask('orders'));
    const response = await setup.handler(ask('orders'));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(setup.logger.entries.map(({ text }) => text)).toEqual([
      'streams of events were turned away: as many are open as may be (option "maxStreams")',
    ]);
    await events.cancel();
    const other = await open(setup, ask('orders'));
    await setup.push.close();
    expect(await other.next()).toBeUndefined();
  });

  it('is subscribed for as long as a page listens', async () => {
    const setup = setUp();
    const { backend } = setup.push;
    const unsubscribe = vi.spyOn(backend, 'unsubscribe');
    const first = await open(setup, ask('orders'));
    const second = await open(setup, ask('orders'));
    await first.cancel();
    await setup.push.send({ event: 'e', channels: 'orders', data: 1 });
    expect(await second.next()).toMatchObject({ data: { event: 'e' } });
    expect(unsubscribe).not.toHaveBeenCalled();
    await second.cancel();
    await vi.waitFor(() => expect(unsubscribe).toHaveBeenCalledExactlyOnceWith('orders'));
  });

  it('drops a reader that is too slow, and no other one', async () => {
    const setup = setUp({}, { options: { maxEventBytes: 400_000 } });
    const slow = await open(setup, ask('orders'));
    const quick = await open(setup, ask('orders'));
    const data = 'x'.repeat(300_000);
    for (let index = 0; index < 5; index++) {
      await setup.push.send({ event: `e${index}`, channels: 'orders', data });
      expect(await quick.next()).toMatchObject({ data: { event: `e${index}` } });
    }
    await expect(slow.next()).rejects.toThrow('reads too slowly');
    expect(setup.logger.entries.map(({ text }) => text)).toEqual([
      'a stream of events was cut because its client reads too slowly',
    ]);
  });
});

describe('a token', () => {
  const origin = { origin: 'https://elsewhere.example', host: 'shop.example' };

  it('opens a stream of its channels from any origin, whatever cookie comes along', async () => {
    const setup = setUp();
    const token = await setup.push.streamToken({ user: 'ann', channels: 'private-orders.ann' });
    const request = ask('private-orders.ann', { ...origin, 'x-user': 'ben' }, `&token=${token}`);
    const events = await open(setup, request);
    expect(events.response.headers.get('access-control-allow-origin')).toBe('*');
    expect(events.response.headers.has('access-control-allow-credentials')).toBe(false);
    await setup.push.send({ event: 'e', channels: 'private-orders.ann', data: 1 });
    expect(await events.next()).toMatchObject({ data: { event: 'e' } });

    const all = await open(setup, new Request(`${page}/push/events?token=${token}`, { headers: origin }));
    await setup.push.send({ event: 'e', channels: 'private-orders.ann', data: 1 });
    expect(await all.next()).toMatchObject({ data: { channel: 'private-orders.ann' } });
    expect(setup.logger.entries).toEqual([]);
  });

  it('is for no other channel, no other secret, and no later time', async () => {
    const setup = setUp();
    const channels = 'private-orders.ann';
    const token = await setup.push.streamToken({ user: 'ann', channels });
    const use = (text: string, channel = channels): Promise<object> =>
      refusalOf(setup, ask(channel, { 'x-user': 'ann' }, `&token=${encodeURIComponent(text)}`));
    const other = { status: 403, error: 'The "token" is not for "orders".', refused: ['orders'] };
    expect(await use(token, 'orders')).toEqual(other);
    const invalid = { status: 401, error: 'The "token" is not valid.' };
    const [text = '', signature = ''] = token.split('.');
    const forged = Buffer.from(text, 'base64url').toString().replaceAll('ann', 'ben');
    const elsewhere = setUp({}, { secretKey: 'another-secret' });
    for (const wrong of ['', '.', token.slice(0, -2), `${Buffer.from(forged).toString('base64url')}.${signature}`])
      expect(await use(wrong)).toEqual(invalid);
    expect(await refusalOf(elsewhere, ask(channels, {}, `&token=${token}`))).toEqual(invalid);
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const short = await setup.push.streamToken({ user: 'ann', channels, expiresIn: 5000 });
    vi.setSystemTime(Date.now() + 5000);
    expect(await use(short)).toMatchObject({ status: 401, error: expect.stringContaining('has expired') });
  });

  it('is made for what the rules allow alone', async () => {
    const { push } = setUp();
    const failure = await failureOf(
      AuthenticationError,
      push.streamToken({ user: 'ben', channels: 'private-orders.ann' }),
    );
    expect(failure).toMatchObject({ status: 403 });
    for (const wrong of [undefined, {}, { channels: 1 }, { channels: 'a', chanel: 1 }, { channels: 'a', session: {} }])
      await failureOf(ValidationError, push.streamToken(wrong as never));
    for (const expiresIn of [0, -1, 3_600_001, '1m'])
      expect(
        await failureOf(ValidationError, push.streamToken({ channels: 'a', expiresIn: expiresIn as never })),
      ).toMatchObject({
        message: '"expiresIn" must be a number of milliseconds above 0, 3600000 at most.',
      });
    const long = Array.from({ length: 30 }, (_, index) => `${'c'.repeat(150)}${index}`);
    expect(await failureOf(ValidationError, push.streamToken({ channels: long }))).toMatchObject({
      message: expect.stringContaining('name fewer channels'),
    });
  });

  it('needs a secret, which a setting can name', async () => {
    const without = setUp({}, { backend: 'console', options: { stream: { write: () => true } }, secretKey: undefined });
    expect(await failureOf(ConfigurationError, without.push.streamToken({ channels: 'a' }))).toMatchObject({
      message: expect.stringContaining('set "streamSecret" in PUSH_SERVER'),
    });
    expect(await refusalOf(without, ask('a', {}, '&token=x.y'))).toMatchObject({ status: 401 });
    const streamSecret = 'a secret of sixteen';
    const named = setUp({}, { backend: 'console', options: { stream: { write: () => true } }, streamSecret });
    const token = await named.push.streamToken({ channels: 'a' });
    await (await open(named, ask('a', {}, `&token=${token}`))).cancel();
    expect(JSON.stringify(named.push)).not.toContain(streamSecret);
  });
});

describe('openStream', () => {
  it('lets an application write streams of its own', async () => {
    const { push } = setUp();
    const frames: StreamFrame[] = [];
    const ends: string[] = [];
    const reader: StreamReader = { message: (frame) => frames.push(frame), end: (why) => ends.push(why) };
    const stream: OpenStream = await push.openStream({ channels: ['orders'] }, reader);
    await push.send({ event: 'e', channels: 'orders', data: 1 });
    stream.close();
    stream.close();
    await push.send({ event: 'f', channels: 'orders', data: 1 });
    expect(frames.map(({ json }) => JSON.parse(json))).toMatchObject([{ event: 'e' }]);
    await push.openStream({ channels: ['orders'] }, reader);
    await push.close();
    expect(ends).toEqual(['closed']);
  });
});

describe('on a server of Node', () => {
  it('streams over HTTP, and is left when the page goes away', async () => {
    const setup = setUp();
    const { backend } = setup.push;
    const unsubscribe = vi.spyOn(backend, 'unsubscribe');
    const port = await serve(toNodeHandler(setup.handler));
    const request = nodeRequest({ port, host: '127.0.0.1', path: '/push/events?channel=orders' }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.setEncoding('utf8');
    expect(await once(response, 'data')).toEqual(['retry: 3000\n\n']);
    await setup.push.send({ event: 'e', channels: 'orders', data: 1 });
    expect(String(await once(response, 'data'))).toMatch(/^id: [\w-]{36}\ndata: \{"event":"e",.*\}\n\n$/);
    request.destroy();
    await vi.waitFor(() => expect(unsubscribe).toHaveBeenCalledExactlyOnceWith('orders'));
  });

  it('ends when the server closes, which waits for all answers', async () => {
    const server = createServer(toNodeHandler(setUp().handler));
    const port = await listenInTest(server);
    const request = nodeRequest({ port, host: '127.0.0.1', path: '/push/events?channel=orders' }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    await new Promise((resolve) => server.close(resolve));
    expect(response.complete).toBe(true);
  });
});

describe('a log-out', () => {
  it('ends the streams of the user or the session, and the tokens made before', async () => {
    const session = (): { channelId: string } => ({ channelId: 'private-session-1' });
    const setup = setUp({ session });
    const ann = { 'x-user': 'ann' };
    const channels = 'private-orders.ann';
    const byUser = await open(setup, ask(channels, ann));
    const bySession = await open(setup, ask('orders'));
    const token = await setup.push.streamToken({ user: 'ann', channels });
    const byToken = await open(setup, ask(channels, {}, `&token=${token}`));

    await setup.push.disconnect({ user: 'ann' });
    expect(await byUser.next()).toBeUndefined();
    expect(await byToken.next()).toBeUndefined();
    expect(await refusalOf(setup, ask(channels, {}, `&token=${token}`))).toEqual({
      status: 401,
      error: 'Nobody is logged in any more.',
    });
    await setup.push.send({ event: 'e', channels: 'orders', data: 1 });
    expect(await bySession.next()).toMatchObject({ data: { event: 'e' } });
    await setup.push.disconnect({ session: { channelId: 'private-session-1' } });
    expect(await bySession.next()).toBeUndefined();
    const failure = await failureOf(ValidationError, setup.push.disconnect({} as never));
    expect(failure.message).toContain('Write disconnect({ user }) or disconnect({ session }).');
  });

  it('counts while the application looks up who asks', async () => {
    const lookUp = Promise.withResolvers<string>();
    const setup = setUp({ authenticate: () => lookUp.promise });
    const refused = refusalOf(setup, ask('private-orders.ann'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await setup.push.disconnect({ user: 'ann' });
    lookUp.resolve('ann');
    expect(await refused).toEqual({ status: 401, error: 'Nobody is logged in any more.' });
  });

  it.each(Object.keys(logOuts))('%s ends the streams of the session in Express', async (how) => {
    const { push } = setUp();
    await using application = new Application({
      service: push,
      user: (request) => Reflect.get(request, 'user') as string,
    });
    const events = toNodeHandler(
      createPushHandler(push, { authenticate: (_request, { node }) => node?.user as string }),
    );
    application.app.use('/push', events);
    await application.start();
    const browser = application.browser();
    await browser.post('/log-in?user=ann');
    const channel = String(JSON.parse(await browser.get('/channel')));
    const reader = new EventReader(await browser.request('GET', `/push/events?channel=${channel}`));
    await push.send({ event: 'e', users: 'ann', data: 1 });
    expect(await reader.next()).toMatchObject({ data: { channel } });
    await browser.post(`/${how.replaceAll(' ', '-')}`);
    expect(await reader.next()).toBeUndefined();
    expect((await browser.request('GET', `/push/events?channel=${channel}`)).status).toBe(401);
  });
});
