import { expect, it, onTestFinished } from 'vitest';
import { checkOptions } from '../../src/server/checked-options.js';
import type { SignInClaim, SubscriptionClaim } from '../../src/server/client-access.js';
import { ChannelsServer } from '../../src/server/server.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { Client } from './support/client.js';
import { credentials } from './support/server.js';

it('the server asks whoever runs it which clients may hear what', async () => {
  const claims: (SubscriptionClaim | SignInClaim)[] = [];
  const server = new ChannelsServer(credentials, checkOptions({ port: 0, host: '127.0.0.1' }), {
    logger: () => new RecordingLogger(),
    received: () => {},
    plainAccess: async () => ({}),
    access: ({ pubKey }) => ({
      maySubscribe: (claim) => claims.push(claim) > 0 && claim.auth === `let ${pubKey} in`,
      maySignIn: (claim) => claims.push(claim) > 0 && claim.auth === 'I am Ann',
    }),
  });
  onTestFinished(() => server.close());
  await server.open();
  const client = await Client.connect(server);
  const { socketId } = client;

  await client.subscribe('orders');
  client.send('pusher:subscribe', { channel: 'private-orders', auth: 'let me in' });
  expect(client.dataOf(await client.next('pusher:subscription_error'))).toMatchObject({
    type: 'AuthError',
    status: 401,
  });
  await client.subscribe('private-orders', { auth: 'let key in' });
  await client.subscribe('presence-orders', { auth: 'let key in', channel_data: '{"user_id":"ann"}' });
  client.send('pusher:signin', { auth: 'I am Ann', user_data: '{"id":"ann"}' });
  await client.next('pusher:signin_success');

  expect(server.app.channels.get('presence-orders')?.members?.ids).toEqual(['ann']);
  expect(claims).toEqual([
    { socketId, channel: 'private-orders', auth: 'let me in' },
    { socketId, channel: 'private-orders', auth: 'let key in' },
    { socketId, channel: 'presence-orders', auth: 'let key in', channelData: '{"user_id":"ann"}' },
    { socketId, auth: 'I am Ann', userData: '{"id":"ann"}' },
  ]);
});
