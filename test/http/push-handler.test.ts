import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createPushHandler, type PushHandler, type PushHandlerOptions } from '../../src/http/index.js';
import {
  ConfigurationError,
  createPushService,
  memorySessions,
  type PushService,
  type SessionStore,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingLogger } from '../support/recording-logger.js';

const keys = { appId: 'shop', pubKey: 'shop-key', secretKey: 'keep-this-to-yourself' };

interface Setup {
  readonly push: PushService;
  readonly handler: PushHandler;
  readonly logger: RecordingLogger;
  readonly sessions: SessionStore;
}

/** A service on the embedded server, and a handler that takes the header `X-User` for who is logged in. */
function setUp(options: PushHandlerOptions = {}): Setup {
  const logger = new RecordingLogger();
  const sessions = memorySessions();
  const push: PushService = createPushService({ backend: 'websocket', ...keys, logger, sessions });
  onTestFinished(() => push.close());
  push.authorize('private-orders.{user}', ({ user, params }) => user === params.user);
  push.authorize('presence-room', ({ user }) => ({ id: String(user), info: { name: 'Ann' } }));
  const authenticate = (request: Request): string | null => request.headers.get('x-user');
  return { push, logger, sessions, handler: createPushHandler(push, { authenticate, ...options }) };
}

const page = 'https://shop.example';

/** What a page posts: a form, unless it says otherwise. */
function post(path: string, fields: Record<string, string> | string, headers: Record<string, string> = {}): Request {
  const body = typeof fields === 'string' ? fields : new URLSearchParams(fields).toString();
  return new Request(`${page}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-user': 'ann', ...headers },
    body,
  });
}

const subscription = { socket_id: '1.2', channel_name: 'private-orders.ann' };

async function answerOf(response: Response): Promise<{ status: number; body: Record<string, unknown> }> {
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

it.each(['/push/auth', '/push/user-auth'])('at %s a log-out counts while the user is looked up', async (path) => {
  const lookUp = Promise.withResolvers<string>();
  const { push, handler } = setUp({ authenticate: () => lookUp.promise });
  const answer = handler(post(path, subscription));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await push.disconnect({ user: 'ann' });
  lookUp.resolve('ann');
  expect(await answerOf(await answer)).toEqual({ status: 401, body: { error: 'Nobody is logged in any more.' } });
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await handler(post(path, subscription))).status).toBe(200);
});

describe('POST …/auth', () => {
  it.each(['/push/auth', '/pusher/auth', '/api/v2/auth', '/auth'])('at %s signs what the rules allow', async (path) => {
    const { handler } = setUp();
    const { status, body } = await answerOf(await handler(post(path, subscription)));
    expect(status).toBe(200);
    expect(body).toEqual({ auth: expect.stringMatching(/^shop-key:[0-9a-f]{64}$/) });
  });

  it('takes JSON, and a type of content with a charset', async () => {
    const { handler } = setUp();
    for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset=UTF-8']) {
      const request = post('/push/auth', JSON.stringify(subscription), { 'content-type': type });
      expect((await answerOf(await handler(request))).status).toBe(200);
    }
    const form = post('/push/auth', subscription, {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
    });
    expect((await answerOf(await handler(form))).status).toBe(200);
  });

  it('tells who the member is on a presence channel', async () => {
    const { handler } = setUp();
    const { body } = await answerOf(
      await handler(post('/push/auth', { socket_id: '1.2', channel_name: 'presence-room' })),
    );
    expect(body['channel_data']).toBe('{"user_id":"ann","user_info":{"name":"Ann"}}');
  });

  it('refuses what the rules do not allow with 403, and whoever is not logged in with 401', async () => {
    const { handler } = setUp();
    const foreign = post('/push/auth', { ...subscription, channel_name: 'private-orders.ben' });
    expect(await answerOf(await handler(foreign))).toEqual({
      status: 403,
      body: { error: 'No subscription to "private-orders.ben": this user may not.' },
    });
    const request = post('/push/auth', subscription);
    request.headers.delete('x-user');
    expect(await answerOf(await handler(request))).toEqual({
      status: 401,
      body: { error: 'No subscription to "private-orders.ann": nobody is logged in.' },
    });
  });

  it('lets a session have its own channel, which the application names', async () => {
    const { handler } = setUp({ session: () => ({ channelId: 'private-session-1' }) });
    const own = post('/push/auth', { socket_id: '1.2', channel_name: 'private-session-1' });
    own.headers.delete('x-user');
    expect((await handler(own)).status).toBe(200);
    const foreign = post('/push/auth', { socket_id: '1.2', channel_name: 'private-session-2' });
    expect((await handler(foreign)).status).toBe(403);
  });

  it.each([
    ['without a channel', { socket_id: '1.2' }, 'The "channel_name" is missing.'],
    [
      'without a socket id',
      { channel_name: 'private-orders.ann' },
      'Nothing was authorised: the "socket_id" is missing.',
    ],
    [
      'with a socket id that is none',
      { ...subscription, socket_id: '1.2:private-x' },
      'Nothing was authorised: a socket id must have the form 123.456.',
    ],
    [
      'with two socket ids',
      'socket_id=1.2&socket_id=3.4&channel_name=private-orders.ann',
      '"socket_id" may be given only once.',
    ],
    [
      'with over 100 channels',
      `socket_id=1.2${'&channel_name=private-orders.ann'.repeat(101)}`,
      'A request may name 100 channels, not 101.',
    ],
    ['without a body', '', 'The "channel_name" is missing.'],
  ])('%s is answered with 400 and nothing is signed', async (_, fields, error) => {
    const { handler } = setUp();
    expect(await answerOf(await handler(post('/push/auth', fields)))).toEqual({ status: 400, body: { error } });
  });

  it('grants or refuses each of several channels for itself, and asks once who asks', async () => {
    const asked: string[] = [];
    const authenticate = (): string => {
      asked.push('authenticate');
      return 'ann';
    };
    const { handler, push, logger } = setUp({ authenticate });
    push.authorize('private-slow', () => Promise.reject(new Error('the database is away')));
    const channels = ['private-orders.ann', 'private-orders.ben', 'presence-room', 'private-slow', 'private-ü'];
    const form = new URLSearchParams([
      ['socket_id', '1.2'],
      ...channels.map((name): [string, string] => ['channel_name', name]),
    ]);
    form.append('channel_name', 'presence-room');
    expect(await answerOf(await handler(post('/push/auth', form.toString())))).toEqual({
      status: 200,
      body: {
        answers: {
          'private-orders.ann': { auth: expect.stringMatching(/^shop-key:/) },
          'private-orders.ben': {
            status: 403,
            error: 'No subscription to "private-orders.ben": this user may not.',
          },
          'presence-room': {
            auth: expect.stringMatching(/^shop-key:/),
            channel_data: '{"user_id":"ann","user_info":{"name":"Ann"}}',
          },
          'private-slow': { status: 403, error: 'No subscription to "private-slow": this user may not.' },
          'private-ü': { status: 400, error: expect.stringContaining('private-ü') },
        },
      },
    });
    expect(asked).toEqual(['authenticate']);
    expect(logger.entries).toHaveLength(1);
  });

  it('tells of a failure with one channel, and answers the others', async () => {
    const { handler, push, logger } = setUp();
    push.authorize('private-stuck', () => new Promise(() => {}));
    push.configure({ backend: 'websocket', ...keys, logger, timeout: 20 });
    const form = 'socket_id=1.2&channel_name=private-stuck&channel_name=private-orders.ann';
    const { body } = await answerOf(await handler(post('/push/auth', form)));
    expect(body['answers']).toEqual({
      'private-stuck': { status: 504, error: 'The server failed.' },
      'private-orders.ann': { auth: expect.stringMatching(/^shop-key:/) },
    });
  });

  it.each(['{', '[]', '"text"', 'null', ''])('with the JSON %j is answered with 400', async (body) => {
    const { handler } = setUp();
    const request = post('/push/auth', body, { 'content-type': 'application/json' });
    expect((await answerOf(await handler(request))).status).toBe(400);
  });

  it.each(['text/plain', 'multipart/form-data; boundary=x', ''])(
    'of the type %j is answered with 415',
    async (type) => {
      const { handler } = setUp();
      const answer = await answerOf(await handler(post('/push/auth', 'x', { 'content-type': type })));
      expect(answer).toEqual({
        status: 415,
        body: { error: 'The body must be application/x-www-form-urlencoded or application/json.' },
      });
    },
  );

  it('with as many fields of one name as fit in is read in time that grows with their number, not its square', async () => {
    const { handler } = setUp();
    const fields = 'a&'.repeat(32_000);
    // By squares, this would take longer than a test may.
    for (let count = 0; count < 10; count++)
      expect((await answerOf(await handler(post('/push/auth', fields)))).status).toBe(400);
  });

  it('is answered with 413 when it is too large, whether it says so or not', async () => {
    const { handler } = setUp();
    const large = 'x'.repeat(65_537);
    expect((await answerOf(await handler(post('/push/auth', large)))).status).toBe(413);
    const declared = post('/push/auth', 'x', { 'content-length': '65537' });
    expect((await answerOf(await handler(declared))).status).toBe(413);
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1024)),
      cancel: () => {
        isCancelled = true;
      },
    });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: endless, duplex: 'half' };
    expect((await answerOf(await handler(new Request(`${page}/push/auth`, init as RequestInit)))).status).toBe(413);
    expect(isCancelled).toBe(true);
  });

  it('is answered with 400 when its body breaks off', async () => {
    const { handler } = setUp();
    const broken = new ReadableStream({ start: (controller) => controller.error(new Error('reset')) });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: broken, duplex: 'half' };
    const answer = await answerOf(await handler(new Request(`${page}/push/auth`, init as RequestInit)));
    expect(answer).toEqual({ status: 400, body: { error: 'The body ended too early.' } });
  });

  it('is answered with 408 when its body does not arrive', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { handler } = setUp();
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new ReadableStream(),
      duplex: 'half',
    };
    const answer = handler(new Request(`${page}/push/auth`, init as RequestInit));
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await answerOf(await answer)).status).toBe(408);
  });

  it('is answered with 501, and logged, where the backend has no private channels', async () => {
    const logger = new RecordingLogger();
    const push = createPushService({ backend: 'console', logger }).authorize('{any*}', () => true);
    const handler = createPushHandler(push, { authenticate: () => 'ann' });
    expect(await answerOf(await handler(post('/push/auth', subscription)))).toEqual({
      status: 501,
      body: { error: 'The server failed.' },
    });
    expect(logger.entries[0]?.details).toMatchObject({ err: { code: 'UNSUPPORTED_OPERATION' } });
  });

  it.each([
    ['an object without an id', { name: 'Ann' }],
    ['no user at all', false],
    ['an empty name', ''],
  ])('is answered with 500, and logged, when who is logged in is %s', async (_, user) => {
    const requests = [post('/push/auth', subscription), post('/push/user-auth', { socket_id: '1.2' })];
    for (const request of [...requests, new Request(`${page}/push/config`)]) {
      const { handler, logger } = setUp({ authenticate: () => user as never });
      expect(await answerOf(await handler(request))).toEqual({ status: 500, body: { error: 'The server failed.' } });
      const [entry] = logger.entries;
      expect(entry?.details).toMatchObject({
        err: {
          code: 'CONFIGURATION',
          message: expect.stringMatching(/^authenticate\(\) returned no user\. A user must be an id/),
        },
      });
    }
  });

  it('is answered with 500, and logged, when the log-in cannot be looked up', async () => {
    const failure = new Error('the database at db.internal is gone');
    const { handler, logger } = setUp({ authenticate: () => Promise.reject(failure) });
    expect(await answerOf(await handler(post('/push/auth', subscription)))).toEqual({
      status: 500,
      body: { error: 'The server failed.' },
    });
    expect(logger.entries).toEqual([
      { level: 'error', details: { err: failure }, text: 'a request to the push handler failed' },
    ]);
  });
});

describe('POST …/user-auth', () => {
  it('signs the connection in as who is logged in', async () => {
    const { handler } = setUp();
    const { status, body } = await answerOf(await handler(post('/push/user-auth', { socket_id: '1.2' })));
    expect(status).toBe(200);
    expect(body).toEqual({ auth: expect.stringMatching(/^shop-key:/), user_data: '{"id":"ann"}' });
  });

  it('refuses whoever is not logged in with 401', async () => {
    const { handler } = setUp({ authenticate: () => undefined });
    expect(await answerOf(await handler(post('/push/user-auth', { socket_id: '1.2' })))).toEqual({
      status: 401,
      body: { error: 'Nobody is logged in.' },
    });
  });
});

describe('GET …/config', () => {
  const get = (headers: Record<string, string> = {}): Request => new Request(`${page}/push/config`, { headers });

  it("has the channels of the user's sessions, and where to ask from there", async () => {
    const { handler, sessions } = setUp();
    await sessions.add('ann', 'private-phone');
    expect(await answerOf(await handler(get({ 'x-user': 'ann' })))).toEqual({
      status: 200,
      body: {
        backend: 'websocket',
        key: 'shop-key',
        channels: ['private-phone'],
        userId: 'ann',
        authEndpoint: '/push/auth',
        batchAuth: true,
        userAuthEndpoint: '/push/user-auth',
        eventsEndpoint: '/push/events',
      },
    });
  });

  it('has the channel of the session that asks', async () => {
    const { handler } = setUp({ session: () => ({ channelId: 'private-session-1', userId: 'ann' }) });
    expect((await answerOf(await handler(get()))).body).toMatchObject({
      channels: ['private-session-1'],
      userId: 'ann',
    });
  });

  it('says who is logged in, where the session alone does not: leave to subscribe is that user’s', async () => {
    const { handler } = setUp({ session: () => ({ channelId: 'private-session-1' }) });
    expect((await answerOf(await handler(get({ 'x-user': 'ann' })))).body).toMatchObject({
      channels: ['private-session-1'],
      userId: 'ann',
    });
  });

  it('has the channels of a user with a "channelId" of its own', async () => {
    const user = { id: 'ann', channelId: 'something else' };
    const { handler, sessions } = setUp({ authenticate: () => user });
    await sessions.add('ann', 'private-phone');
    expect((await answerOf(await handler(get()))).body).toMatchObject({ channels: ['private-phone'], userId: 'ann' });
  });

  it('fails when session() returns something else than a session', async () => {
    const { handler, logger } = setUp({ session: () => ({ channelId: '' }) });
    expect((await answerOf(await handler(get()))).status).toBe(500);
    expect(logger.entries).toMatchObject([
      { details: { err: new ConfigurationError('session() returned no session: it needs a "channelId".') } },
    ]);
  });

  it('has no channels for whoever is nobody', async () => {
    const { handler } = setUp();
    expect((await answerOf(await handler(get()))).body).toMatchObject({ channels: [] });
  });
});

describe('any other request', () => {
  it('to an address that is none of these is answered with 404', async () => {
    const { handler } = setUp();
    for (const path of ['/', '/push/', '/push/auths', '/push/auth//', '/push/AUTH'])
      expect((await answerOf(await handler(post(path, subscription)))).status).toBe(404);
  });

  it.each([
    ['GET', '/push/auth', 'POST'],
    ['PUT', '/push/user-auth', 'POST'],
    ['POST', '/push/config', 'GET'],
    ['DELETE', '/push/config', 'GET'],
  ])('by %s to %s is answered with 405', async (method, path, allowed) => {
    const { handler } = setUp();
    const response = await handler(new Request(`${page}${path}`, { method }));
    expect(response.headers.get('allow')).toBe(allowed);
    expect(await answerOf(response)).toEqual({ status: 405, body: { error: `This address takes ${allowed} only.` } });
  });
});

describe('a page of another origin', () => {
  it.each([
    ['whose origin is another one', { origin: 'https://evil.example' }],
    ['whose origin only begins alike', { origin: 'https://shop.example.evil.example' }],
    ['on another port', { origin: 'https://shop.example:8443' }],
    ['on another port than that of the host', { origin: 'https://shop.example', host: 'shop.example:8443' }],
    ['for which the host is no name', { origin: 'https://evil.example', host: 'evil.example/' }],
    ['for which the host has a user', { origin: 'https://evil.example', host: 'shop@evil.example' }],
    ['without an origin of its own', { origin: 'null' }],
    ['of which the browser says that it is on another site', { 'sec-fetch-site': 'cross-site', origin: page }],
    ['of a neighbour on the same site', { 'sec-fetch-site': 'same-site', origin: 'https://blog.shop.example' }],
  ])('%s is refused', async (_, headers) => {
    let isAsked = false;
    const { handler } = setUp({
      authenticate: () => {
        isAsked = true;
        return 'ann';
      },
    });
    const response = await handler(post('/push/auth', subscription, headers));
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    expect(await answerOf(response)).toEqual({
      status: 403,
      body: { error: 'Pages of this origin may not send requests here: list the origin in "allowedOrigins".' },
    });
    expect(isAsked).toBe(false);
  });

  it.each([
    ["the application's own page", { origin: page }],
    [
      'its own page behind a proxy that keeps the name',
      { origin: 'https://www.shop.example', 'x-forwarded-host': 'www.shop.example' },
    ],
    [
      'its own page behind a proxy that names the port as well',
      { origin: 'http://www.shop.example', host: 'www.shop.example:80' },
    ],
    [
      'its own page behind a proxy that says which port it was asked on',
      { origin: 'https://www.shop.example', 'x-forwarded-host': 'www.shop.example:443' },
    ],
    [
      'its own page, by the word of the browser',
      { origin: 'https://elsewhere.example', 'sec-fetch-site': 'same-origin' },
    ],
    ['no page at all', {}],
    ['an address that was typed in', { 'sec-fetch-site': 'none' }],
  ])('is not %s', async (_, headers) => {
    const { handler } = setUp();
    const response = await handler(post('/push/auth', subscription, headers));
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('that is listed may ask with credentials, once its browser has asked whether it may', async () => {
    const { handler } = setUp({ allowedOrigins: ['https://*.partner.example'] });
    const origin = 'https://app.partner.example';
    const preflight = await handler(
      new Request(`${page}/push/auth`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,x-csrf-token',
        },
      }),
    );
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toEqual({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'Retry-After',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type,x-csrf-token',
      'access-control-max-age': '600',
      vary: 'Origin',
    });
    const response = await handler(post('/push/auth', subscription, { origin }));
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    expect(response.headers.get('access-control-allow-credentials')).toBe('true');
  });

  it('that is listed gets to read what is wrong', async () => {
    const { handler } = setUp({ allowedOrigins: ['https://partner.example'] });
    const request = post(
      '/push/auth',
      { ...subscription, channel_name: 'private-x' },
      { origin: 'https://partner.example' },
    );
    const response = await handler(request);
    expect(response.status).toBe(403);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://partner.example');
  });

  it('that is not listed does not get to ask whether it may', async () => {
    const { handler } = setUp({ allowedOrigins: ['https://partner.example'] });
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const response = await handler(new Request(`${page}/push/auth`, { method: 'OPTIONS', headers }));
    expect(response.status).toBe(403);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('createPushHandler', () => {
  it.each([
    [
      { authentication: () => 'ann' },
      'createPushHandler() has no option "authentication"; did you mean "authenticate"?',
    ],
    [{ authenticate: 'ann' }, 'createPushHandler(): "authenticate" must be a function.'],
    [
      { allowedOrigins: ['shop.example'] },
      'createPushHandler(): "shop.example" in "allowedOrigins" is not an origin such as "https://example.com" or "https://*.example.com".',
    ],
    [{ allowedOrigins: '*' }, 'createPushHandler(): "allowedOrigins" must be a list of origins.'],
  ])('refuses the options %j', async (options, message) => {
    const error = await failureOf(ConfigurationError, () => createPushHandler(setUp().push, options as never));
    expect(error.message).toBe(message);
  });

  it.each(['https://shop.example:99999', 'http://1.2.3.4.5', 'https://*.256.1.1.1', 'http://[::::]'])(
    'refuses the allowed origin %s, which no page can have',
    async (origin) => {
      const { push } = setUp();
      const error = await failureOf(ConfigurationError, () => createPushHandler(push, { allowedOrigins: [origin] }));
      expect(error.message).toContain(`"${origin}" in "allowedOrigins" is not an origin`);
    },
  );

  it('makes a handler that answers also where the service cannot be configured', async () => {
    const push = createPushService({ backend: 'console' });
    await push.close();
    const handler = createPushHandler(push);
    const logged: unknown[] = [];
    const { error } = console;
    console.error = (...parts: unknown[]) => logged.push(parts);
    onTestFinished(() => {
      console.error = error;
    });
    expect((await answerOf(await handler(new Request(`${page}/push/config`)))).status).toBe(500);
    expect(logged).toHaveLength(1);
  });
});
