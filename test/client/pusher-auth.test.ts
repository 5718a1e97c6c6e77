import { describe, expect, it, onTestFinished } from 'vitest';
import { PushClient, type PushClientOptions, type PusherAuthHandler } from '../../src/client/index.js';
import { FreezableProxy } from '../support/freezable-proxy.js';
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
          isTemporary: true,
          message: 'The subscription to "private-orders" failed for now, and is tried again: the request to http://127.0.0.1:1/ failed',
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
    pusher?.connection.become('connected');
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

/** A client behind a proxy that can cut it off. */
async function openBehindProxy(channels: readonly string[], options: PushClientOptions, config: object = {}) {
  await service().ready();
  const { proxy, port } = await FreezableProxy.start(Number((await service().clientConfig()).port));
  onTestFinished(() => proxy.close());
  return { proxy, ...(await open(channels, options, { port, ...config })) };
}

describe('a page whose application is in trouble', () => {
  it('asks again until each channel and the sign-in come alive, also after a reconnection', async () => {
    /** What goes wrong with the next request for a channel, or for the sign-in. */
    const trouble = new Map<string, unknown[]>();
    const application = await startAuthServer((request) => {
      const about = request.form.get('channel_name') ?? 'sign-in';
      return trouble.get(about)?.length ? trouble.get(about)?.shift() : answer(request);
    });
    const troubles = {
      'private-status': [503],
      'private-busy': [{ status: 429, headers: { 'retry-after': '0' } }, 408],
      'private-reset': ['reset'],
      'private-silent': [undefined],
      'presence-room': [{ status: 500, error: 'The server failed.' }],
      'sign-in': [503, 'reset'],
    };
    const channels = Object.keys(troubles).filter((about) => about !== 'sign-in');
    const everything = ['#server-to-user-ann', ...channels].sort();
    const { proxy, client, errors, subscribed, states } = await openBehindProxy(channels, {
      signIn: true,
      auth: {
        endpoint: application.origin,
        userEndpoint: `${application.origin}/push/user-auth`,
        headers: { authorization: 'Bearer ann' },
        timeout: 300,
      },
    });
    await expect.poll(() => [...subscribed].sort()).toEqual(everything);
    expect([...client.channel('presence-room').members.keys()]).toEqual(['ann']);
    for (const [about, faults] of Object.entries(troubles)) trouble.set(about, [...faults]);
    subscribed.length = 0;
    const room = client.channel('private-status');
    const meanwhile: unknown[] = [];
    client.onError(({ channel }) => {
      if (channel === room.name) meanwhile.push(client.state, room.isSubscribed, room.trigger('client-typing'));
      if (channel === 'presence-room') meanwhile.push(client.channel(channel).members.size);
    });
    proxy.cut();
    await expect
      .poll(() => [...subscribed].sort(), { timeout: 10_000 })
      .toEqual(everything.map((channel) => `${channel} again`).sort());
    expect(meanwhile.sort()).toEqual([1, 'connected', false, false]);
    expect(room.trigger('client-typing')).toBe(true);
    expect([...trouble.values()].flat()).toEqual([]);
    expect(states).toEqual(['connecting', 'connected', 'connecting', 'connected']);
    // Each is told of once, also that which failed twice.
    const told = errors.filter(({ code }) => code !== 'CONNECTION');
    expect(told.map(({ code, channel, status }) => `${code} ${channel} ${status}`).sort()).toEqual([
      'SIGN_IN undefined 503',
      'SUBSCRIPTION presence-room 500',
      'SUBSCRIPTION private-busy 429',
      'SUBSCRIPTION private-reset undefined',
      'SUBSCRIPTION private-silent undefined',
      'SUBSCRIPTION private-status 503',
    ]);
  });

  it('drops what was asked on a lost connection, and takes what is asked on the next one', async () => {
    const late = Promise.withResolvers<void>();
    const asked: string[] = [];
    const application = await startAuthServer(async (request) => {
      asked.push(request.form.get('socket_id') ?? '');
      if (asked.length === 1) await late.promise;
      return answer(request);
    });
    const auth = { endpoint: application.origin, headers: { authorization: 'Bearer ann' } };
    const { proxy, client, errors, subscribed } = await openBehindProxy(['private-orders'], { auth });
    await expect.poll(() => asked).toHaveLength(1);
    proxy.cut();
    await expect.poll(() => asked, { timeout: 5_000 }).toHaveLength(2);
    late.resolve();
    await expect.poll(() => subscribed).toEqual(['private-orders']);
    expect(asked[1]).toBe(client.socketId);
    expect(errors.map(({ code }) => code)).not.toContain('SUBSCRIPTION');
  });

  it('does not ask again about a channel that it has left, nor after disconnect()', async () => {
    const application = await startAuthServer(() => 503);
    const { client, errors } = await open(['private-a', 'private-b'], { auth: { endpoint: application.origin } });
    await expect.poll(() => errors).toHaveLength(2);
    client.unsubscribe('private-a');
    const askedFor = (): unknown[] => application.requests.map(({ form }) => form.get('channel_name'));
    await expect.poll(() => askedFor().filter((channel) => channel === 'private-b').length).toBeGreaterThan(1);
    // The last request for the channel that was left may have been on its way.
    expect(askedFor().filter((channel) => channel === 'private-a').length).toBeLessThanOrEqual(2);
    client.disconnect();
    expect(errors).toHaveLength(2);
  });

  it('takes 401 and 403 for refusals', async () => {
    const application = await startAuthServer(({ form }) => (form.get('channel_name') === 'private-a' ? 401 : 403));
    const { errors } = await open(['private-a', 'private-b'], { auth: { endpoint: application.origin } });
    await expect.poll(() => errors).toHaveLength(2);
    expect(errors.map(({ status, isTemporary }) => [status, isTemporary])).toEqual([
      [401, false],
      [403, false],
    ]);
    expect(application.requests).toHaveLength(2);
  });
});
