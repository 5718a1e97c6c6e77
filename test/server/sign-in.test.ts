import { expect, it } from 'vitest';
import { authFor, userText } from '../../src/pusher-protocol/signature.js';
import { deliver } from '../support/deliver.js';
import { Client } from './support/client.js';
import { RawClient } from './support/raw-client.js';
import { context, credentials, message, startServer } from './support/server.js';

it('a signed-in user gets what is sent to them, on each of their connections', async () => {
  const service = await startServer();
  const clients = await Promise.all([Client.connect(service), Client.connect(service), Client.connect(service)]);
  const [first, second, stranger] = clients as [Client, Client, Client];
  for (const client of [first, second]) {
    const grant = service.authenticateUser(client.socketId, { id: 'auth0|5', name: 'Ann' });
    client.send('pusher:signin', grant);
    expect(client.dataOf(await client.next('pusher:signin_success'))).toEqual({ user_data: grant.user_data });
    await client.subscribe('#server-to-user-auth0|5');
  }
  stranger.send('pusher:subscribe', { channel: '#server-to-user-auth0|5' });
  expect((await stranger.next('pusher:subscription_error')).data).toMatchObject({ type: 'AuthError', status: 401 });
  await deliver(service, ['#server-to-user-auth0|5'], message('hello'), context);
  await Promise.all([first.next('hello'), second.next('hello')]);
  expect(await stranger.settled()).toEqual([]);
});

it('one user cannot subscribe to what is sent to another', async () => {
  const service = await startServer();
  const client = await Client.connect(service);
  client.send('pusher:signin', service.authenticateUser(client.socketId, { id: '1' }));
  await client.next('pusher:signin_success');
  client.send('pusher:subscribe', { channel: '#server-to-user-2' });
  expect((await client.next('pusher:subscription_error')).data).toMatchObject({ type: 'AuthError' });
});

const data = JSON.stringify({ id: '1' });

it.each<[string, (id: string) => unknown]>([
  ['no data', () => undefined],
  ['no signature', () => ({ user_data: data })],
  ['a wrong signature', () => ({ user_data: data, auth: `key:${'0'.repeat(64)}` })],
  ['the signature of another socket', () => ({ user_data: data, auth: authFor(userText('1.1', data), credentials) })],
  ['user data that is no object', (id) => ({ user_data: '5', auth: authFor(userText(id, '5'), credentials) })],
  ['user data without an id', (id) => ({ user_data: '{}', auth: authFor(userText(id, '{}'), credentials) })],
  ['an id that is no text', (id) => ({ user_data: '{"id":5}', auth: authFor(userText(id, '{"id":5}'), credentials) })],
])('a sign-in with %s closes the connection with 4009', async (_what, signIn) => {
  const service = await startServer();
  const client = await Client.connect(service);
  client.send('pusher:signin', signIn(client.socketId));
  expect(client.dataOf(await client.next('pusher:error'))).toMatchObject({ code: 4009 });
  expect(await client.closed).toMatchObject({ code: 4009 });
});

it('a sign-in with a number is told that the id is to be a text', async () => {
  const service = await startServer();
  const client = await Client.connect(service);
  const userData = '{"id":5}';
  client.send('pusher:signin', {
    user_data: userData,
    auth: authFor(userText(client.socketId, userData), credentials),
  });
  const text = 'The user_data needs an "id" as a text of 1 to 128 characters';
  expect(client.dataOf(await client.next('pusher:error'))).toEqual({ code: 4009, message: text });
  expect(await client.closed).toEqual({ code: 4009, reason: text });
});

it.each([42, 42n, '42'])('a sign-in as %s is signed for the user 42', async (id) => {
  const service = await startServer();
  expect(service.authenticateUser('1234.1234', { name: 'Ann', id })).toEqual(
    service.authenticateUser('1234.1234', { name: 'Ann', id: '42' }),
  );
  const client = await Client.connect(service);
  client.send('pusher:signin', service.authenticateUser(client.socketId, { id }));
  await client.next('pusher:signin_success');
  expect(await service.api.disconnectUser('42')).toBe(1);
});

it('signing in again as the same user is confirmed, as another is refused', async () => {
  const service = await startServer();
  const client = await Client.connect(service);
  for (let time = 0; time < 2; time++) {
    client.send('pusher:signin', service.authenticateUser(client.socketId, { id: '1' }));
    await client.next('pusher:signin_success');
  }
  client.send('pusher:signin', service.authenticateUser(client.socketId, { id: '2' }));
  expect(client.dataOf(await client.next('pusher:error'))).toMatchObject({ code: null });
  expect(await service.api.disconnectUser('1')).toBe(1);
});

it('the application can end a connection, or all of a user, with 4009', async () => {
  const service = await startServer();
  const clients = await Promise.all([Client.connect(service), Client.connect(service), Client.connect(service)]);
  const [first, second, other] = clients as [Client, Client, Client];
  for (const client of [first, second]) {
    client.send('pusher:signin', service.authenticateUser(client.socketId, { id: '1' }));
    await client.next('pusher:signin_success');
  }
  expect(await service.api.disconnectUser('1')).toBe(2);
  expect([await first.closed, await second.closed]).toMatchObject([{ code: 4009 }, { code: 4009 }]);
  expect(await service.api.disconnect(other.socketId)).toBe(true);
  expect(await other.closed).toMatchObject({ code: 4009 });
  await expect.poll(() => service.api.localConnections).toBe(0);
  expect([await service.api.disconnectUser('1'), await service.api.disconnect(other.socketId)]).toEqual([0, false]);
});

it('a sign-in with more data than an event may have closes the connection with 4009', async () => {
  const service = await startServer({ maxEventBytes: 1000 });
  const client = await Client.connect(service);
  client.send('pusher:signin', service.authenticateUser(client.socketId, { id: '1', about: 'x'.repeat(1000) }));
  expect(client.dataOf(await client.next('pusher:error'))).toEqual({
    code: 4009,
    message: expect.stringMatching(/1000 bytes/),
  });
  expect(await client.closed).toMatchObject({ code: 4009 });
});

it('a user whose connection is ended is signed out at once', async () => {
  const service = await startServer({ closeTimeoutMs: 60_000 });
  const raw = await RawClient.connect(service);
  const grant = service.authenticateUser(raw.socketId, { id: '1' });
  raw.writeText(JSON.stringify({ event: 'pusher:signin', data: grant }));
  await raw.until((text) => text.includes('signin_success'));
  expect([await service.api.disconnectUser('1'), await service.api.disconnectUser('1')]).toEqual([1, 0]);
  expect(service.api.localConnections).toBe(0);
  raw.destroy();
});
