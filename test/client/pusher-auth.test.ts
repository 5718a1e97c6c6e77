import { describe, expect, it } from 'vitest';
import { PushClient, type PushClientOptions, type PusherAuthHandler } from '../../src/client/index.js';
import { type AuthServerRequest, startAuthServer } from './auth-server.js';
import { Pusher, useEmbeddedServer } from './embedded-server.js';
import { FakePusher } from './fake-pusher.js';
import { type Observed, observed } from './observed.js';

const service = useEmbeddedServer();

async function open(channels: readonly string[], options: PushClientOptions, config: object = {}): Promise<Observed> {
  const page = { ...(await service().clientConfig()), host: '127.0.0.1', ...config, channels };
  return observed(new PushClient(page, { Pusher, ...options }));
}

/** As an application's handlers answer. */
function answer({ path, form, headers }: AuthServerRequest): unknown {
  if (headers.authorization !== 'Bearer ann') return { status: 401, error: 'Who are you?' };
  const socketId = form.get('socket_id') ?? '';
  if (path === '/push/user-auth') return service().backend.authenticateUser(socketId, { id: 'ann' });
  const channel = form.get('channel_name') ?? '';
  if (channel.includes('forbidden')) return { status: 403, error: 'This is not yours.' };
  const member = channel.startsWith('presence-') ? { id: 'ann', info: { name: 'Ann' } } : undefined;
  return service().channel(channel).authorize(socketId, member);
}

describe('the driver for pusher-js', () => {
  it('asks the application that asynchronous functions name, with their headers', async () => {
    const application = await startAuthServer(answer);
    const { client, errors, subscribed } = await open(['private-orders', 'presence-room'], {
      signIn: true,
      auth: {
        endpoint: async ({ channels }) => `${application.origin}/push/auth?for=${channels}`,
        userEndpoint: async () => `${application.origin}/push/user-auth`,
        headers: async () => ({ authorization: 'Bearer ann' }),
      },
    });
    await expect.poll(() => [...subscribed].sort()).toEqual(['#server-to-user-ann', 'presence-room', 'private-orders']);
    expect(errors).toEqual([]);
    expect([...client.channel('presence-room').members]).toEqual([['ann', { name: 'Ann' }]]);
    expect(application.requests.map(({ path }) => path).sort()).toEqual([
      '/push/auth?for=presence-room',
      '/push/auth?for=private-orders',
      '/push/user-auth',
    ]);
  });

  it('asks where the configuration says', async () => {
    const application = await startAuthServer(answer);
    const headers = { authorization: 'Bearer ann' };
    const { subscribed } = await open(
      ['private-orders'],
      { auth: { headers } },
      { authEndpoint: `${application.origin}/own/auth` },
    );
    await expect.poll(() => subscribed).toEqual(['private-orders']);
    expect(application.requests[0]?.path).toBe('/own/auth');
  });

  it('tells a refusal with the application’s reason and status, and a failure as one', async () => {
    const application = await startAuthServer(answer);
    let token = 'Bearer ann';
    const auth = {
      endpoint: application.origin,
      userEndpoint: application.origin,
      headers: () => ({ authorization: token }),
    };
    const { client, errors } = await open(['private-forbidden'], { auth });
    await expect.poll(() => errors).toHaveLength(1);
    token = 'Bearer stranger';
    client.subscribe('#server-to-user-ann');
    await expect.poll(() => errors).toHaveLength(2);
    expect(errors).toMatchObject([
      {
        code: 'SUBSCRIPTION',
        channel: 'private-forbidden',
        status: 403,
        message: 'The subscription to "private-forbidden" was refused: This is not yours.',
      },
      { code: 'SIGN_IN', status: 401, message: "The user's sign-in was refused: Who are you?" },
    ]);
    const down = await open(['private-orders'], { auth: { endpoint: 'http://127.0.0.1:1/' } });
    await expect
      .poll(() => down.errors)
      .toMatchObject([
        {
          code: 'SUBSCRIPTION',
          status: undefined,
          message: 'The subscription to "private-orders" failed: the request failed',
        },
      ]);
  });

  it('leaves it to pusher-js where the page says so in its options', async () => {
    const application = await startAuthServer(answer);
    const { subscribed } = await open(['private-orders'], {
      auth: { endpoint: 'http://127.0.0.1:1/' },
      pusher: { authEndpoint: application.origin, auth: { headers: { authorization: 'Bearer ann' } } },
    });
    await expect.poll(() => subscribed).toEqual(['private-orders']);
  });

  it('drops an answer that comes when its connection has been replaced', async () => {
    const answers: ((auth: unknown) => void)[] = [];
    const application = await startAuthServer(() => new Promise((resolve) => answers.push(resolve)));
    const { client } = await open([], { Pusher: FakePusher, auth: { endpoint: application.origin } });
    expect(client.state).toBe('connecting');
    const pusher = FakePusher.last;
    const { customHandler } = (pusher?.options['channelAuthorization'] ?? {}) as { customHandler: PusherAuthHandler };
    const called: unknown[] = [];
    const ask = (socketId: string): void =>
      customHandler({ socketId, channelName: 'private-a' }, (_error, given) => called.push([socketId, given]));
    ask('1.1');
    await expect.poll(() => answers).toHaveLength(1);
    if (pusher) pusher.connection.socket_id = '2.2';
    ask('2.2');
    await expect.poll(() => answers).toHaveLength(2);
    answers[0]?.({ auth: 'late' });
    answers[1]?.({ auth: 'in time' });
    await expect.poll(() => called).toEqual([['2.2', { auth: 'in time' }]]);
  });
});
