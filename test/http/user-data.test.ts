import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocketService } from '../../src/backends/websocket/index.js';
import { createPushHandler, type PushHandler, type PushHandlerOptions, toNodeHandler } from '../../src/http/index.js';
import { ConfigurationError, createPushService, type UserDetails } from '../../src/index.js';
import { type JsClient, JsClientClass } from '../server/support/js-client.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingLogger } from '../support/recording-logger.js';

const keys = { appId: 'shop', pubKey: 'key', secretKey: 'keep-this-to-yourself' };
const authenticate = (request: Request): string | null => request.headers.get('x-user');

function setUp(
  userData: PushHandlerOptions['userData'],
  backend: WebSocketService = new WebSocketService(keys),
): { handler: PushHandler; logger: RecordingLogger } {
  const logger = new RecordingLogger();
  const push = createPushService({ backend, logger, timeout: 200 });
  onTestFinished(() => push.close());
  return { handler: createPushHandler(push, { authenticate, userData }), logger };
}

function signIn(user: string | undefined = 'ann', socketId = '1.2'): Request {
  return new Request('https://shop.example/push/user-auth', {
    method: 'POST',
    headers: user === '' ? {} : { 'x-user': user },
    body: new URLSearchParams({ socket_id: socketId }),
  });
}

it('a sign-in has what userData() returns, and the user stays the one who is logged in', async () => {
  const { handler } = setUp((user, request, { pushSession }) => {
    expect([request.url, pushSession]).toEqual(['https://shop.example/push/user-auth', undefined]);
    return { info: { name: `${String(user)}!` }, watchlist: [7] };
  });
  const { user_data: userData } = (await (await handler(signIn())).json()) as { user_data: string };
  expect(userData).toBe('{"id":"ann","user_info":{"name":"ann!"},"watchlist":["7"]}');
});

it('a function that reads "node" where a web Request came alone is told so, and the visitor is not', async () => {
  const { handler, logger } = setUp((_user, _request, { node }) => ({ info: node }));
  const answer = await handler(signIn());
  expect([answer.status, await answer.json()]).toEqual([500, { error: 'The server failed.' }]);
  expect(logger.entries).toEqual([
    expect.objectContaining({
      details: {
        err: expect.objectContaining({ message: expect.stringContaining('Wrap the handler in toNodeHandler()') }),
      },
    }),
  ]);
});

it.each([undefined, null, {}])('with %j from userData() a sign-in has the id alone', async (details) => {
  const { handler } = setUp(async () => details as undefined);
  expect(await (await handler(signIn())).json()).toMatchObject({ user_data: '{"id":"ann"}' });
});

it('nothing is looked up for a request that is refused', async () => {
  let asked = 0;
  const { handler } = setUp(() => {
    asked++;
    return {};
  });
  const statuses = [(await handler(signIn(''))).status, (await handler(signIn('ann', '1:2'))).status];
  expect([statuses, asked]).toEqual([[401, 400], 0]);
});

it.each<[string, unknown, RegExp]>([
  ['a key that it does not know', { user_info: {} }, /userData\(\) must return { info, watchlist }/],
  ['no object', ['ben'], /userData\(\) must return { info, watchlist }/],
  ['a wrong watch list', { watchlist: [{ id: 'ben' }] }, /no user can have\..* "watchlist.0" is no user id/],
  ['info that JSON cannot hold', { info: 1n }, /cannot be written as JSON/],
])('%s is a mistake of the application, which the log tells', async (_what, details, words) => {
  const { handler, logger } = setUp(() => details as UserDetails);
  expect((await handler(signIn())).status).toBe(500);
  const { err } = (logger.entries.find(({ level }) => level === 'error')?.details ?? {}) as { err?: Error };
  expect(err).toBeInstanceOf(ConfigurationError);
  expect(err?.message).toMatch(words);
});

it('userData() that fails or never answers is answered with 500 or 504', async () => {
  const failing = setUp(() => Promise.reject(new Error('database away')));
  expect((await failing.handler(signIn())).status).toBe(500);
  const silent = setUp(() => new Promise(() => {}));
  expect((await silent.handler(signIn())).status).toBe(504);
});

it('userData that is no function is refused when the handler is made', async () => {
  const error = await failureOf(ConfigurationError, async () => setUp({} as never));
  expect(error.message).toBe('createPushHandler(): "userData" must be a function.');
});

it('pages that sign in at the handler watch each other', async () => {
  const backend = new WebSocketService({ ...keys, options: { closeTimeoutMs: 200 } });
  const friends: Record<string, readonly string[]> = { ann: ['ben'], ben: ['ann'] };
  const { handler } = setUp((user) => ({ watchlist: friends[String(user)] }), backend);
  const server = createServer(toNodeHandler(handler)).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  backend.attach(server);
  const { port } = server.address() as AddressInfo;

  const page = (user: string): JsClient => {
    const client = new JsClientClass('key', {
      cluster: '',
      wsHost: '127.0.0.1',
      wsPort: port,
      forceTLS: false,
      enabledTransports: ['ws'],
      userAuthentication: {
        transport: 'ajax',
        endpoint: `http://127.0.0.1:${port}/push/user-auth`,
        headers: { 'X-User': user },
      },
    });
    onTestFinished(() => client.disconnect());
    return client;
  };

  const ann = page('ann');
  const told: string[] = [];
  ann.user.watchlist.bind('online', ({ user_ids: ids }: { user_ids: string[] }) => told.push(`+${ids.join()}`));
  ann.user.watchlist.bind('offline', ({ user_ids: ids }: { user_ids: string[] }) => told.push(`-${ids.join()}`));
  ann.signin();
  await expect.poll(() => told).toEqual(['-ben']);
  const ben = page('ben');
  ben.signin();
  await expect.poll(() => told).toEqual(['-ben', '+ben']);
  ben.disconnect();
  await expect.poll(() => told).toEqual(['-ben', '+ben', '-ben']);
});
