import { expect } from 'vitest';
import { behaviour, departure, type Source } from './documents.js';
import { api, app, connect, sharedServer, signIn, trigger, userGrant } from './support/server.js';

const server = sharedServer();
const signingIn: Source = ['protocol', 'Connection events: pusher:signin'];

behaviour(
  'a sign-in is confirmed with the user_data, as JSON within JSON',
  ['protocol', 'Connection events: pusher:signin_success'],
  async () => {
    const client = await connect(server());
    const sent = userGrant(client, { id: '12345', user_info: { name: 'Phil' } });
    client.send('pusher:signin', sent);
    const { data, ...rest } = await client.next('pusher:signin_success');
    expect(rest).toEqual({ event: 'pusher:signin_success' });
    expect(JSON.parse(String(data))).toEqual({ user_data: sent.user_data });
  },
);

behaviour('a second sign-in as another user fails with pusher:error', signingIn, async () => {
  const client = await connect(server());
  await signIn(client, 'ann');
  await client.subscribe('#server-to-user-ann');
  client.send('pusher:signin', userGrant(client, { id: 'ben' }));
  expect((await client.settled()).map(({ event }) => event)).toEqual(['pusher:error']);
  await trigger(server(), ['#server-to-user-ben'], 'x', '1');
  await trigger(server(), ['#server-to-user-ann'], 'x', '2');
  expect(await client.settled()).toEqual([{ event: 'x', channel: '#server-to-user-ann', data: '2' }]);
});

behaviour('a second sign-in as the same user succeeds', signingIn, async () => {
  const client = await connect(server());
  await signIn(client, 'ann');
  await signIn(client, 'ann');
});

departure(
  'a sign-in that is not authorised is answered with pusher:error, and the connection is closed with 4009',
  signingIn,
  'It names the error alone; "Connection is unauthorized" is the code for it, and pusher-js stays away then.',
  async () => {
    for (const wrong of ['signature', 'user', 'socket', 'nothing']) {
      const [client, other] = [await connect(server()), await connect(server())];
      const right = userGrant(client, { id: 'ann' });
      if (wrong === 'signature') client.send('pusher:signin', { ...right, auth: `${app.pubKey}:${'0'.repeat(64)}` });
      if (wrong === 'user') client.send('pusher:signin', { ...right, user_data: '{"id":"ben"}' });
      if (wrong === 'socket') client.send('pusher:signin', userGrant(other, { id: 'ann' }));
      if (wrong === 'nothing') client.send('pusher:signin', {});
      expect((await client.next('pusher:error')).data).toEqual({ code: 4009, message: expect.any(String) });
      expect(await client.closed).toMatchObject({ code: 4009 });
    }
  },
);

for (const user of [{}, { id: '' }, { id: 12345 }, { id: null }, { id: 'x'.repeat(129) }])
  behaviour(
    `${JSON.stringify(user).slice(0, 30)} is no user: the id is a text of 1 to 128 characters`,
    signingIn,
    async () => {
      const client = await connect(server());
      client.send('pusher:signin', userGrant(client, user));
      expect(await client.closed).toMatchObject({ code: 4009, reason: expect.stringContaining('"id"') });
    },
  );

behaviour(
  'an event to a user reaches all their connections, and nobody else',
  ['toUsers', 'Server to user messages'],
  async () => {
    const [one, two, other, stranger] = await Promise.all(Array.from({ length: 4 }, () => connect(server())));
    if (one === undefined || two === undefined || other === undefined || stranger === undefined)
      throw new Error('none');
    for (const [client, user] of [
      [one, 'ann'],
      [two, 'ann'],
      [other, 'ben'],
    ] as const) {
      await signIn(client, user);
      await client.subscribe(`#server-to-user-${user}`);
    }
    for (const client of [other, stranger]) {
      client.send('pusher:subscribe', { channel: '#server-to-user-ann' });
      expect((await client.next('pusher:subscription_error')).data).toMatchObject({ type: 'AuthError', status: 401 });
    }
    await trigger(server(), ['#server-to-user-ann'], 'hello', '{"n":1}');
    for (const client of [one, two]) {
      const expected = { event: 'hello', channel: '#server-to-user-ann', data: '{"n":1}' };
      expect(await client.settled()).toEqual([expected]);
    }
    expect([await other.settled(), await stranger.settled()]).toEqual([[], []]);
  },
);

behaviour(
  'terminate_connections ends all connections of a user, who may come back',
  ['terminating', 'Terminating user connections'],
  async () => {
    const [one, two, other] = [await connect(server()), await connect(server()), await connect(server())];
    await signIn(one, 'bad');
    await signIn(two, 'bad');
    await signIn(other, 'good');
    const answer = await api(server(), { method: 'POST', path: '/users/bad/terminate_connections', body: {} });
    expect([answer.status, answer.json]).toEqual([200, {}]);
    for (const client of [one, two]) expect(await client.closed).toMatchObject({ code: 4009 });
    expect(await other.settled()).toEqual([]);
    await signIn(await connect(server()), 'bad');
  },
);
