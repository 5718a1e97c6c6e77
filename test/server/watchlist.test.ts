import { afterEach, expect, it, vi } from 'vitest';
import type { WebSocketService } from '../../src/backends/websocket/index.js';
import { authFor, userText } from '../../src/pusher-protocol/signature.js';
import { Client } from './support/client.js';
import { heard, type JsClient, signedClient } from './support/js-client.js';
import { RawClient } from './support/raw-client.js';
import { credentials, portOf, startServer } from './support/server.js';
import { call } from './support/signed-call.js';

afterEach(() => {
  vi.useRealTimers();
});

/** What a watch list has told, in order: `'+ann'` for somebody who has come. */
type Told = string[];

/** A pusher-js client that signs in and watches others. */
function watcher(service: WebSocketService, id: string, watchlist: readonly unknown[]): { js: JsClient; told: Told } {
  const js = signedClient(portOf(service), service, { id }, { watchlist });
  const told: Told = [];
  const note =
    (sign: string) =>
    ({ user_ids: ids }: { user_ids: readonly string[] }): void => {
      told.push(`${sign}${ids.join()}`);
    };
  js.user.watchlist.bind('online', note('+'));
  js.user.watchlist.bind('offline', note('-'));
  js.signin();
  return { js, told };
}

/** A client that has signed in, with a bare socket; its watch list may be anything. */
async function signedIn(service: WebSocketService, id: string, watchlist?: unknown): Promise<Client> {
  const client = await Client.connect(service);
  signIn(client, id, watchlist);
  await client.next('pusher:signin_success');
  return client;
}

function signIn(client: Client, id: string, watchlist: unknown): void {
  const userData = JSON.stringify({ id, watchlist });
  client.send('pusher:signin', {
    user_data: userData,
    auth: authFor(userText(client.socketId, userData), credentials),
  });
}

/** The watch list's events that a client gets up to now: `[['online', ['ann']]]`. */
async function eventsOf(client: Client): Promise<unknown[]> {
  const messages = (await client.settled()).filter(({ event }) => event === 'pusher_internal:watchlist_events');
  return messages.flatMap((message) =>
    (client.dataOf(message)['events'] as { name: string; user_ids: string[] }[]).map((event) => [
      event.name,
      event.user_ids,
    ]),
  );
}

it('pusher-js hears who of the watched is there, and then who comes and goes, as in the diagram of Pusher', async () => {
  const service = await startServer();
  const one = watcher(service, '1', ['2', '3']);
  await expect.poll(() => one.told).toEqual(['-2,3']);
  const two = watcher(service, '2', ['1', '3']);
  await expect.poll(() => two.told).toEqual(['-3', '+1']);
  await expect.poll(() => one.told).toEqual(['-2,3', '+2']);
  const three = watcher(service, '3', ['1', '2']);
  await expect.poll(() => three.told).toEqual(['+1,2']);
  one.js.disconnect();
  await expect.poll(() => [two.told.at(-1), three.told.at(-1)]).toEqual(['-1', '-1']);
  two.js.disconnect();
  await expect.poll(() => three.told).toEqual(['+1,2', '-1', '-2']);
  expect([one.told, two.told]).toEqual([
    ['-2,3', '+2', '+3'],
    ['-3', '+1', '+3', '-1'],
  ]);
});

it('a user with several connections is online from the first to the last of them', async () => {
  const service = await startServer();
  const { told } = watcher(service, 'ben', ['ann']);
  await expect.poll(() => told).toEqual(['-ann']);
  const tabs = [
    await signedIn(service, 'ann'),
    await signedIn(service, 'ann'),
    await signedIn(service, 'ann'),
  ] as const;
  signIn(tabs[0], 'ann', undefined);
  await tabs[0].next('pusher:signin_success');
  await tabs[0].close();
  await tabs[1].close();
  await expect.poll(() => service.api.localConnections).toBe(2);
  await tabs[2].close();
  await expect.poll(() => told).toEqual(['-ann', '+ann', '-ann']);
});

it('the sign-in is confirmed before the state of the watched users, in frames as Pusher sends them', async () => {
  const service = await startServer();
  await signedIn(service, 'ann');
  const client = await Client.connect(service);
  signIn(client, 'ben', ['zoe', 'ann', 'zoe', 42]);
  const [confirmation, state] = (await client.settled()) as [{ event: string }, { event: string; data: string }];
  expect(confirmation.event).toBe('pusher:signin_success');
  expect(state).toEqual({
    event: 'pusher_internal:watchlist_events',
    data: '{"events":[{"name":"offline","user_ids":["zoe","42"]},{"name":"online","user_ids":["ann"]}]}',
  });
});

it('who watches nobody, or themselves, is told accordingly', async () => {
  const service = await startServer();
  const [none, empty] = [await signedIn(service, 'ann'), await signedIn(service, 'ben', [])];
  expect([await eventsOf(none), await eventsOf(empty)]).toEqual([[], []]);
  const self = await signedIn(service, 'cat', ['cat']);
  expect(await eventsOf(self)).toEqual([['online', ['cat']]]);
  await (await signedIn(service, 'cat')).close();
  expect(await eventsOf(self)).toEqual([]);
});

it('signing in once more changes whom a connection watches, and tells their state', async () => {
  const service = await startServer();
  await signedIn(service, 'ann');
  const client = await signedIn(service, 'ben', ['ann']);
  await client.settled();
  signIn(client, 'ben', ['zoe']);
  expect(await eventsOf(client)).toEqual([['offline', ['zoe']]]);
  await (await signedIn(service, 'zoe')).close();
  await service.api.disconnectUser('ann');
  await expect.poll(() => service.api.localConnections).toBe(1);
  expect(await eventsOf(client)).toEqual([
    ['online', ['zoe']],
    ['offline', ['zoe']],
  ]);
});

it('of a watch list that is too long the first users are watched, and error 4302 says so', async () => {
  const service = await startServer();
  const names = Array.from({ length: 101 }, (_, index) => `user-${index}`);
  const { js, told } = watcher(service, 'ann', names);
  const error = heard<{ data: unknown }>(js.connection, 'error');
  expect(await error).toMatchObject({
    data: { code: 4302, message: 'Watchlist limit exceeded. Only the first 100 user IDs are accepted.' },
  });
  await expect.poll(() => told).toEqual([`-${names.slice(0, 100).join()}`]);
  await signedIn(service, 'user-100');
  await signedIn(service, 'user-99');
  await expect.poll(() => told.slice(1)).toEqual(['+user-99']);
  expect(js.connection.state).toBe('connected');
});

it('the length of a watch list is an option, and an id counts once', async () => {
  const service = await startServer({ maxWatchedUsers: 2 });
  const within = await Client.connect(service);
  signIn(within, '1', ['a', 'b', 'a', 'b']);
  expect((await within.settled()).map(({ event }) => event)).not.toContain('pusher:error');
  const beyond = await Client.connect(service);
  signIn(beyond, '1', ['a', 'b', 'c']);
  const { event, data } = await beyond.next('pusher:error');
  expect([event, data]).toEqual([
    'pusher:error',
    { code: 4302, message: 'Watchlist limit exceeded. Only the first 2 user IDs are accepted.' },
  ]);
  expect(await eventsOf(beyond)).toEqual([['offline', ['a', 'b']]]);
});

it.each([
  ['a text', 'ann', 'The "watchlist" is not a list of user ids: nobody is watched'],
  ['an empty id', ['ann', ''], 'Each id in the "watchlist" must be a text of 1 to 128 characters: nobody is watched'],
  [
    'a long id',
    ['x'.repeat(129)],
    'Each id in the "watchlist" must be a text of 1 to 128 characters: nobody is watched',
  ],
  ['an object', [{ id: 'ann' }], 'Each id in the "watchlist" must be a text of 1 to 128 characters: nobody is watched'],
])('with %s as watch list the sign-in succeeds, and an error says what is wrong', async (_what, watchlist, text) => {
  const service = await startServer();
  const client = await Client.connect(service);
  signIn(client, 'ben', watchlist);
  const messages = await client.settled();
  expect(messages.map(({ event }) => event)).toEqual(['pusher:signin_success', 'pusher:error']);
  expect(messages[1]?.data).toEqual({ code: null, message: text });
});

it('a user whose page is frozen, or whose connections are terminated, goes offline', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const service = await startServer();
  const ben = await signedIn(service, 'ben', ['ann', 'cat']);
  const frozen = await signedIn(service, 'ann');
  await signedIn(service, 'cat');
  await signedIn(service, 'cat');
  const ended = await call(service, { method: 'POST', path: '/apps/app/users/cat/terminate_connections', body: '{}' });
  expect(ended.status).toBe(200);
  await ben.next('pusher_internal:watchlist_events');
  expect((await eventsOf(ben)).at(-1)).toEqual(['offline', ['cat']]);
  // The browser of a frozen page answers ping frames by itself. This page has answered a pusher:ping before.
  frozen.send('pusher:pong');
  await frozen.settled();
  vi.advanceTimersByTime(120_000);
  await ben.next('pusher:ping');
  await ben.settled();
  vi.advanceTimersByTime(30_000);
  expect(await eventsOf(ben)).toEqual([['offline', ['ann']]]);
});

it('who reconnects is offline in between, and a socket that is cut counts at once', async () => {
  const service = await startServer();
  const { told } = watcher(service, 'ben', ['ann']);
  await expect.poll(() => told).toEqual(['-ann']);
  const ann = watcher(service, 'ann', ['ben']);
  await expect.poll(() => ann.told).toEqual(['+ben']);
  ann.js.disconnect();
  await expect.poll(() => told).toEqual(['-ann', '+ann', '-ann']);
  ann.js.connect();
  await expect.poll(() => ann.told).toEqual(['+ben', '+ben']);
  ann.js.disconnect();
  const raw = await RawClient.connect(service);
  raw.writeText(
    JSON.stringify({ event: 'pusher:signin', data: service.authenticateUser(raw.socketId, { id: 'ann' }) }),
  );
  raw.destroy();
  await expect.poll(() => told.at(-1)).toBe('-ann');
});

it('a server that closes tells nobody that all the others have gone', async () => {
  const service = await startServer();
  const clients = [await signedIn(service, 'ann', ['ben']), await signedIn(service, 'ben', ['ann'])] as const;
  for (const client of clients) await client.settled();
  await service.close();
  for (const { closed, received } of clients) {
    expect(await closed).toMatchObject({ code: 4200 });
    expect(received.map(({ event }) => event)).toEqual(['pusher:error']);
  }
});
