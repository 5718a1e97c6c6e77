import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PushClient, type PushClientOptions } from '../../src/client/index.js';
import { createPushHandler, toNodeHandler } from '../../src/http/index.js';
import { FreezableProxy } from '../support/freezable-proxy.js';
import { listenInTest } from '../support/test-server.js';
import { type AuthServer, startAuthServer } from './auth-server.js';
import { Pusher, useEmbeddedServer } from './embedded-server.js';
import { type Observed, observed } from './observed.js';

const service = useEmbeddedServer();

interface Setup extends Observed {
  readonly proxy: FreezableProxy;
  /** How many channels each request named. */
  readonly sizes: number[];
}

/** A page with the push handler's configuration, behind a proxy that can cut it off. */
async function open(
  channels: readonly string[],
  changes: object = {},
  options: PushClientOptions = {},
): Promise<Setup> {
  service().authorize('private-{name}', ({ user, params }) => user === 'ann' && !params.name.includes('forbidden'));
  const handler = toNodeHandler(createPushHandler(service(), { authenticate: () => 'ann' }));
  const origin = `http://127.0.0.1:${await listenInTest(createServer(handler))}`;
  const config = (await (await fetch(`${origin}/push/config`)).json()) as { authEndpoint: string; port: number };
  await service().ready();
  const { proxy, port } = await FreezableProxy.start(Number((await service().clientConfig()).port));
  onTestFinished(() => proxy.close());
  const sizes: number[] = [];
  const counting: typeof fetch = (input, init) => {
    if (init?.body instanceof URLSearchParams) sizes.push(init.body.getAll('channel_name').length);
    return fetch(new URL(String(input), origin), init);
  };
  const page = { backend: 'websocket', ...config, host: '127.0.0.1', port, channels, ...changes };
  return {
    proxy,
    sizes,
    ...observed(new PushClient(page, { Pusher, ...options, auth: { fetch: counting, ...options.auth } })),
  };
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `private-${index}`);

/** Answers as an application's own handler that looks at one channel, the first. */
function startOneChannelServer(): Promise<AuthServer> {
  return startAuthServer(({ form }) =>
    service()
      .channel(form.get('channel_name') ?? '')
      .authorize(form.get('socket_id') ?? ''),
  );
}

describe('many private channels', () => {
  it('are asked about in requests of 100, also after a reconnection, and are granted or refused each for itself', async () => {
    // The server takes 100 channels of a connection.
    const forbidden = ['private-forbidden-1', 'private-forbidden-2', 'private-forbidden-3'];
    const { proxy, sizes, errors, subscribed } = await open(['public', ...forbidden, ...numbered(99)]);
    await expect.poll(() => subscribed, { timeout: 5_000 }).toHaveLength(100);
    expect(sizes).toEqual([100, 2]);
    const told = (): unknown[] =>
      errors.filter(({ code }) => code === 'SUBSCRIPTION').map(({ channel, status }) => [channel, status]);
    const refused = forbidden.map((channel) => [channel, 403]);
    expect(told()).toEqual(refused);
    expect(errors[0]).toMatchObject({ isTemporary: false, message: expect.stringContaining('this user may not') });
    proxy.cut();
    await expect.poll(() => subscribed, { timeout: 5_000 }).toHaveLength(200);
    expect(sizes).toEqual([100, 2, 100, 2]);
    expect(told()).toEqual([...refused, ...refused]);
  });

  it('that a page asks for in one task are asked about together, and a single one in the form of pusher-js', async () => {
    const { client, sizes, subscribed } = await open(['private-first']);
    await expect.poll(() => subscribed).toEqual(['private-first']);
    for (const channel of ['private-a', 'private-b']) client.channel(channel).bind('order.shipped', () => {});
    await expect.poll(() => subscribed).toHaveLength(3);
    expect(sizes).toEqual([1, 2]);
  });

  it('are asked about again where the application fails: all of a request, or one of its channels', async () => {
    const faults: unknown[] = [
      503,
      { answers: { 'private-0': { status: 504, error: 'The server failed.' }, 'private-1': 'nonsense' } },
    ];
    const application = await startAuthServer(async ({ form }) => {
      if (faults.length > 0) return faults.shift();
      return service()
        .channel(form.get('channel_name') ?? '')
        .authorize(form.get('socket_id') ?? '');
    });
    const { errors, subscribed } = await open(
      numbered(2),
      {},
      { auth: { endpoint: application.origin, batch: true, fetch } },
    );
    await expect.poll(() => subscribed, { timeout: 5_000 }).toEqual(['private-0']);
    expect(application.requests.map(({ form }) => form.getAll('channel_name'))).toEqual([
      ['private-0', 'private-1'],
      ['private-0', 'private-1'],
      ['private-0'],
    ]);
    expect(errors.map(({ channel, status, isTemporary }) => [channel, status, isTemporary])).toEqual([
      ['private-0', 503, true],
      ['private-1', 503, true],
      ['private-1', 200, false],
    ]);
  });

  it('are asked about one by one at an endpoint of the application’s own', async () => {
    const application = await startOneChannelServer();
    const { errors, subscribed } = await open(numbered(3), {}, { auth: { endpoint: application.origin, fetch } });
    await expect.poll(() => subscribed).toHaveLength(3);
    expect(application.requests.map(({ form }) => form.getAll('channel_name').length)).toEqual([1, 1, 1]);
    expect(errors).toEqual([]);
  });

  it.each([
    ['grants the first alone', startOneChannelServer],
    [
      'refuses the form',
      () =>
        startAuthServer(({ form }) => {
          const [channel = '', another] = form.getAll('channel_name');
          if (another !== undefined) return { status: 400, error: 'One channel at a time.' };
          return service()
            .channel(channel)
            .authorize(form.get('socket_id') ?? '');
        }),
    ],
  ])('are asked about one by one from then on where an endpoint %s', async (_, start) => {
    const application = await start();
    const config = { authEndpoint: `${application.origin}/push/auth` };
    const { client, errors, subscribed } = await open(numbered(3), config, { auth: { fetch } });
    await expect.poll(() => subscribed).toHaveLength(3);
    for (const channel of ['private-a', 'private-b']) client.subscribe(channel);
    await expect.poll(() => subscribed).toHaveLength(5);
    expect(application.requests.map(({ form }) => form.getAll('channel_name').length)).toEqual([3, 1, 1, 1, 1, 1]);
    expect(errors).toEqual([]);
  });
});
