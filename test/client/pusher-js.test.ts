import { afterEach, beforeEach, expect, it } from 'vitest';
import { PushClient, type PushClientError, type PusherAuthOptions } from '../../src/client/index.js';
import type { PushService } from '../../src/index.js';
import { embeddedService, Pusher } from './embedded-server.js';

type Callback = (error: Error | null, authorization: object | null) => void;
type Authorize = (socketId: string, channel: string, callback: Callback) => unknown;

let service: PushService;
let client: PushClient | undefined;

beforeEach(async () => {
  service = await embeddedService();
});

afterEach(async () => {
  client?.disconnect();
  await service.close();
});

async function connect(authorize: Authorize): Promise<PushClient> {
  const customHandler = (
    { socketId, channelName }: { socketId: string; channelName: string },
    callback: Callback,
  ): void => void authorize(socketId, channelName, callback);
  const channelAuthorization: PusherAuthOptions = { customHandler };
  const config = { ...(await service.clientConfig()), host: '127.0.0.1' };
  client = new PushClient(config, { Pusher, pusher: { channelAuthorization } });
  client.connect();
  return client;
}

/** Subscribes and resolves when the server has said yes. */
async function joined(target: PushClient, channel: string): Promise<void> {
  const answer = Promise.withResolvers<void>();
  const remove = target.bind('pusher:subscription_succeeded', (_data, message) => {
    if (message.channel === channel) answer.resolve();
  });
  target.subscribe(channel);
  await answer.promise;
  remove();
}

it('a subscription that the server refused succeeds when it is tried again with the right signature', async () => {
  let isSignatureRight = false;
  const target = await connect(async (socketId, channel, callback) => {
    callback(null, isSignatureRight ? await service.channel(channel).authorize(socketId) : { auth: 'key:wrong' });
  });
  const refused = Promise.withResolvers<PushClientError>();
  target.onError(refused.resolve);
  target.subscribe('private-orders');
  expect(await refused.promise).toMatchObject({ code: 'SUBSCRIPTION', channel: 'private-orders', status: 401 });
  isSignatureRight = true;
  await joined(target, 'private-orders');
});

it('a channel that was left while its subscription was under way stays left after a reconnection', async () => {
  const attempts: (() => Promise<void>)[] = [];
  const second = Promise.withResolvers<void>();
  const target = await connect((socketId, channel, callback) => {
    attempts.push(async () => callback(null, await service.channel(channel).authorize(socketId)));
    if (attempts.length === 2) second.resolve();
  });
  const errors: PushClientError[] = [];
  target.onError((error) => errors.push(error));
  await joined(target, 'public');
  const { port } = await service.clientConfig();
  target.subscribe('private-left');
  target.unsubscribe('private-left');
  await service.close();
  service = await embeddedService(Number(port));
  await second.promise;
  await attempts[1]?.();
  // The answers come in the order of the requests: with the second the client's leaving has been dealt with.
  await joined(target, 'first');
  await joined(target, 'second');
  expect(await service.channel('private-left').info()).toMatchObject({ occupied: false });
  expect(await service.channel('public').info()).toMatchObject({ occupied: true });
  // The server says that it closes and closes with that code: one error for both.
  expect(errors).toMatchObject([{ code: 'CONNECTION', status: 4200 }]);
});
