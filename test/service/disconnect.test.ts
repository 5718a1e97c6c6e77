import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RemoteWebSocketService } from '../../src/backends/remote/index.js';
import type { WebSocketOptions, WebSocketService } from '../../src/backends/websocket/index.js';
import {
  createPushService,
  DeliveryError,
  type PushService,
  TimeoutError,
  UnsupportedOperationError,
  ValidationError,
} from '../../src/index.js';
import type { Connection } from '../../src/server/connection.js';
import { ConnectionOwners } from '../../src/server/connection-owners.js';
import { Client } from '../server/support/client.js';
import { remoteAt, remoteOf } from '../server/support/remote.js';
import { startServer } from '../server/support/server.js';
import { call } from '../server/support/signed-call.js';
import { failureOf } from '../support/failure-of.js';
import { settled } from '../support/nodes/nodes.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { serve } from '../support/test-server.js';

async function embedded(options: WebSocketOptions = {}): Promise<{ push: PushService; backend: WebSocketService }> {
  const backend = await startServer(options);
  const push = createPushService({ backend });
  onTestFinished(() => push.close());
  push.authorize('private-orders.{id}', ({ user, params }) => user === params.id);
  push.authorize('presence-room', ({ user }) => ({ id: String(user) }));
  return { push, backend };
}

/** A client that has subscribed to channels as a user, by the rules of the service. */
async function authorized(
  { push, backend }: Awaited<ReturnType<typeof embedded>>,
  user: string,
  channels: readonly string[],
): Promise<Client> {
  const client = await Client.connect(backend);
  for (const channel of channels)
    await client.subscribe(channel, await push.authorizeChannel({ socketId: client.socketId, channel, user }));
  return client;
}

describe('the embedded server', () => {
  it('closes with 4200 the connections that were authorised for the user, and no others', async () => {
    const setup = await embedded();
    const anns = await authorized(setup, 'ann', ['private-orders.ann']);
    const both = await authorized(setup, 'ben', ['private-orders.ben']);
    await both.subscribe(
      'private-orders.ann',
      await setup.push.authorizeChannel({ socketId: both.socketId, channel: 'private-orders.ann', user: 'ann' }),
    );
    const bens = await authorized(setup, 'ben', ['private-orders.ben']);
    await settled(setup.backend);
    expect(await setup.push.disconnect({ user: 'ann' })).toBe(2);
    expect(await anns.closed).toMatchObject({ code: 4200 });
    expect(await both.closed).toMatchObject({ code: 4200 });
    expect(await bens.settled()).toEqual([]);
    expect(await setup.push.disconnect({ user: 'ann' })).toBe(0);
  });

  it('closes those of a session, whatever they have been authorised for', async () => {
    const { push, backend } = await embedded();
    const session = { channelId: 'private-session-1', userId: 'ann' };
    const [one, two, other] = await Promise.all([1, 2, 3].map(() => Client.connect(backend)));
    for (const client of [one, two])
      await push.authorizeChannel({
        socketId: client?.socketId,
        channel: client === one ? session.channelId : 'private-orders.ann',
        user: 'ann',
        session,
      });
    await push.authenticateUser({
      socketId: other?.socketId,
      user: 'ann',
      session: { channelId: 'private-session-2', userId: 'ann' },
    });
    await settled(backend);
    expect(await push.disconnect({ session })).toBe(2);
    expect(await Promise.all([one?.closed, two?.closed])).toMatchObject([{ code: 4200 }, { code: 4200 }]);
    expect(await other?.settled()).toEqual([]);
    expect(await push.disconnect({ user: 'ann' })).toBe(1);
  });

  it('closes a connection whose permission is decided meanwhile: it is worth nothing on the next one', async () => {
    const { push, backend } = await embedded();
    const client = await Client.connect(backend);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    push.authorize('private-slow', () => promise);
    const granted = push.authorizeChannel({ socketId: client.socketId, channel: 'private-slow', user: 'ann' });
    await new Promise(setImmediate);
    await settled(backend);
    expect(await push.disconnect({ user: 'ann' })).toBe(1);
    resolve(true);
    await granted;
    expect(await client.closed).toMatchObject({ code: 4200 });
    const next = await Client.connect(backend);
    next.send('pusher:subscribe', { channel: 'private-slow', ...(await granted) });
    expect((await next.next('pusher:subscription_error')).data).toMatchObject({ type: 'AuthError' });
  });

  it('lets members leave at once, also one who was lost before', async () => {
    const setup = await embedded({ presenceLeaveDelayMs: 60_000 });
    const watcher = await authorized(setup, 'ben', ['presence-room']);
    const [here, lost] = [
      await authorized(setup, 'ann', ['presence-room']),
      await authorized(setup, 'carl', ['presence-room']),
    ];
    await watcher.settled();
    lost.socket.terminate();
    await expect.poll(() => setup.backend.api.localConnections).toBe(2);
    await settled(setup.backend);
    expect(await setup.push.disconnect({ user: 'ann' })).toBe(1);
    expect(await setup.push.disconnect({ user: 'carl' })).toBe(0);
    expect((await watcher.settled()).map(({ data }) => data)).toEqual(['{"user_id":"ann"}', '{"user_id":"carl"}']);
    expect(await here.closed).toMatchObject({ code: 4200 });
  });

  it('forgets a connection that has ended, and one that was never there', async () => {
    const noted = vi.spyOn(ConnectionOwners.prototype, 'note');
    onTestFinished(() => noted.mockRestore());
    const setup = await embedded();
    const client = await authorized(setup, 'ann', ['private-orders.ann']);
    const owners = noted.mock.contexts[0] as ConnectionOwners;
    expect(owners.size).toBe(1);
    await client.close();
    await expect.poll(() => owners.size).toBe(0);
    const late = { socketId: client.socketId, channel: 'private-orders.ann', user: 'ann' };
    await setup.push.authorizeChannel(late);
    await setup.push.authenticateUser({ ...late, socketId: '1.2' });
    expect(owners.size).toBe(0);
  });

  it('sends a connection away that was authorised for more than it may have channels for', async () => {
    const setup = await embedded({ maxChannelsPerConnection: 2 });
    const client = await Client.connect(setup.backend);
    for (const user of ['a', 'b', 'c', 'd', 'd'])
      await setup.push.authorizeChannel({ socketId: client.socketId, channel: `private-orders.${user}`, user });
    expect(await client.settled()).toEqual([]);
    await setup.push.authorizeChannel({ socketId: client.socketId, channel: 'private-orders.e', user: 'e' });
    expect(await client.closed).toMatchObject({ code: 4200 });
  });
});

it('the books of owners lead to each connection, and keep none', () => {
  const owners = new ConnectionOwners(10);
  const [one, two] = [{}, {}] as [Connection, Connection];
  owners.note(one, { userId: 'ann', sessionChannel: 's1' });
  owners.note(two, { userId: 'ann' });
  owners.note(two, {});
  expect([owners.of({ userId: 'ann' }), owners.of({ sessionChannel: 's1' }), owners.size]).toEqual([
    [one, two],
    [one],
    2,
  ]);
  for (const connection of [one, one, two]) owners.forget(connection);
  expect([owners.size, owners.of({ userId: 'ann' }), one.owners]).toEqual([0, [], undefined]);
});

describe('the backend remote', () => {
  function remote(backend: RemoteWebSocketService): PushService {
    const push = createPushService({ backend });
    onTestFinished(() => push.close());
    return push;
  }

  it('asks the server, which knows its connections by what they do', async () => {
    const server = await startServer();
    const push = remote(remoteOf(server));
    const [signedIn, member, session, other] = (await Promise.all([1, 2, 3, 4].map(() => Client.connect(server)))) as [
      Client,
      Client,
      Client,
      Client,
    ];
    signedIn.send('pusher:signin', server.authenticateUser(signedIn.socketId, { id: 'ann' }));
    await signedIn.next('pusher:signin_success');
    await member.join(server, 'presence-room', { id: 'ann' });
    await other.join(server, 'presence-room', { id: 'ben' });
    await session.join(server, 'private-session-1');
    expect(await push.disconnect({ session: { channelId: 'private-session-1' } })).toBe(1);
    expect(await session.closed).toMatchObject({ code: 4200 });
    expect(await push.disconnect({ user: 'ann' })).toBe(2);
    expect(await Promise.all([signedIn.closed, member.closed])).toMatchObject([{ code: 4200 }, { code: 4200 }]);
    expect((await other.settled()).map(({ event }) => event)).toEqual(['pusher_internal:member_removed']);
    expect(await push.disconnect({ user: 'nobody' })).toBe(0);
  });

  it.each(['{}', '[]', '{"user_id":7}', '{"user_id":""}', '{"user_id":"a","session_channel":"b"}'])(
    'the server refuses the body %s',
    async (body) => {
      const server = await startServer();
      const { status, text } = await call(server, { method: 'POST', path: '/apps/app/connections/disconnect', body });
      expect([status, text]).toEqual([
        400,
        'The body must have either a "user_id" or a "session_channel", which is a text.',
      ]);
    },
  );

  it('fails at a server that knows no such request', async () => {
    const port = await serve((_request, response) => void response.writeHead(404).end('There is nothing.'));
    const failure = await failureOf(DeliveryError, remote(remoteAt(port)).disconnect({ user: 'ann' }));
    expect(failure.status).toBe(404);
  });
});

describe('elsewhere', () => {
  it.each(['console', 'onesignal-like'])('a backend that cannot says so: %s', async (which) => {
    const push = createPushService({ backend: which === 'console' ? 'console' : new RecordingBackend() });
    const failure = await failureOf(UnsupportedOperationError, push.disconnect({ user: 'ann' }));
    expect(failure.message).toContain('cannot end the connections of a user');
  });

  it('a backend of one’s own gets the user’s id, and has a deadline', async () => {
    const backend = new RecordingBackend({ disconnects: ['user', 'session'] });
    const disconnect = vi
      .spyOn(backend, 'disconnect')
      .mockResolvedValueOnce(3)
      .mockReturnValue(new Promise(() => {}));
    const push = createPushService({ backend, timeout: 20 });
    expect(await push.disconnect({ user: { id: 42 } })).toBe(3);
    expect(disconnect).toHaveBeenCalledWith({ userId: '42' });
    const failure = await failureOf(TimeoutError, push.disconnect({ session: { channelId: 's' } }));
    expect(failure.message).toContain('The recording backend did not end the connections of a session');
  });

  it('tells a failure of a backend as every other call does', async () => {
    const backend = new RecordingBackend({ disconnects: ['user', 'session'] });
    const push = createPushService({ backend });
    vi.spyOn(backend, 'disconnect').mockRejectedValue(new Error('read ECONNRESET'));
    const failure = await failureOf(DeliveryError, push.disconnect({ user: 'ann' }));
    expect(failure.message).toBe('The recording backend failed: read ECONNRESET');
  });

  it('a composite asks each of its backends that can, and adds up', async () => {
    const [one, two, neither] = [
      new RecordingBackend({ disconnects: ['user', 'session'] }),
      new RecordingBackend({ disconnects: ['user'] }),
      new RecordingBackend(),
    ] as const;
    vi.spyOn(one, 'disconnect').mockResolvedValue(2);
    const second = vi.spyOn(two, 'disconnect').mockResolvedValueOnce(1).mockResolvedValueOnce(undefined);
    const push = createPushService({ backend: 'fanout', options: { backends: [one, two, neither] } });
    expect(await push.disconnect({ user: 'ann' })).toBe(3);
    expect(await push.disconnect({ user: 'ann' })).toBeUndefined();
    expect(await push.disconnect({ session: { channelId: 's' } })).toBe(2);
    second.mockRejectedValue(new ValidationError('no such user'));
    await failureOf(ValidationError, push.disconnect({ user: 'ann' }));
  });
});
