import { once } from 'node:events';
import { type IncomingMessage, request as nodeRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { heard, JsClientClass } from '../server/support/js-client.js';
import { type RunningExample, runExample } from './running-example.js';

/** A user of the shop with a page open: what `pusher-js` in the page would do. */
async function visitor(url: string, name: string) {
  const login = await fetch(`${url}/login?user=${name}`, { method: 'POST' });
  expect(login.status).toBe(204);
  const headers = { cookie: login.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
  const config = (await (await fetch(`${url}/push/config`, { headers })).json()) as Record<string, string>;
  const { hostname, port } = new URL(url);
  const ask = async (
    endpoint: string,
    fields: Record<string, string>,
    callback: (error: Error | null, answer: never) => void,
  ): Promise<void> => {
    const response = await fetch(endpoint, { method: 'POST', headers, body: new URLSearchParams(fields) });
    callback(response.ok ? null : new Error(`refused with ${response.status}`), (await response.json()) as never);
  };
  const client = new JsClientClass(config['key'] ?? '', {
    cluster: '',
    wsHost: hostname,
    wsPort: Number(port),
    forceTLS: false,
    enabledTransports: ['ws'],
    // A browser sends the cookie by itself.
    channelAuthorization: {
      endpoint: '',
      transport: 'ajax',
      customHandler: ({ socketId, channelName }, callback) =>
        void ask(`${url}${config['authEndpoint']}`, { socket_id: socketId, channel_name: channelName }, callback),
    },
    userAuthentication: {
      endpoint: '',
      transport: 'ajax',
      customHandler: ({ socketId }, callback) =>
        void ask(`${url}${config['userAuthEndpoint']}`, { socket_id: socketId }, callback),
    },
  });
  onTestFinished(() => client.disconnect());
  return { headers, config, client };
}

describe.each(['node-http.js', 'express.js', 'fastify.js', 'hono.js'])('the example frameworks/%s', (file) => {
  let example: RunningExample;

  beforeAll(async () => {
    example = await runExample(`frameworks/${file}`);
  });
  afterAll(() => example?.stop());

  it('lets a user hear of the own orders, be in the room, sign in, and nothing else', async () => {
    const { url } = example;
    const { client, config, headers } = await visitor(url, 'Ann');
    expect(config).toMatchObject({ channels: ['private-user-ann'], userId: 'ann', authEndpoint: '/push/auth' });

    const own = client.subscribe('private-user-ann');
    await heard(own, 'pusher:subscription_succeeded');
    const shipped = heard(own, 'order.shipped');
    const order = await fetch(`${url}/orders`, { method: 'POST', headers });
    expect([order.status, await order.text()]).toEqual([201, 'accepted']);
    expect(await shipped).toEqual({ orderId: 42 });

    const members = await heard<{ me: unknown }>(client.subscribe('presence-shop'), 'pusher:subscription_succeeded');
    expect(members.me).toEqual({ id: 'ann', info: { name: 'Ann' } });

    const signedIn = heard(client, 'pusher:signin_success');
    client.signin();
    await signedIn;

    const refusal = await heard(client.subscribe('private-user-ben'), 'pusher:subscription_error');
    expect(refusal).toMatchObject({ error: 'refused with 403' });
    const room = await heard(client.subscribe('presence-elsewhere'), 'pusher:subscription_error');
    expect(room).toMatchObject({ error: 'refused with 403' });
  });

  it('goes on after a request that is wrong', async () => {
    const { url } = example;
    const { hostname, port } = new URL(url);
    const request = nodeRequest({ hostname, port, path: '//', agent: false });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.resume().statusCode).toBe(404);
    // No channel's name is as long as this user's.
    const { headers } = await visitor(url, 'a'.repeat(200));
    expect((await fetch(`${url}/orders`, { method: 'POST', headers })).status).toBe(500);
    expect((await fetch(`${url}/push/auth`)).status).toBe(405);
  });

  it('answers whoever is not logged in with 401, and what is wrong with its status and a reason', async () => {
    const { url } = example;
    const ask = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${url}/push/auth`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body,
      });
    const anonymous = await ask('socket_id=1.2&channel_name=private-user-ann');
    expect(anonymous.status).toBe(401);
    expect(await anonymous.json()).toEqual({ error: 'No subscription to "private-user-ann": nobody is logged in.' });
    expect((await ask('x', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await ask('x'.repeat(70_000))).status).toBe(413);
    expect((await ask('channel_name=private-user-ann', { origin: 'https://evil.example' })).status).toBe(403);
    expect((await fetch(`${url}/push/auth`)).status).toBe(405);
    expect((await fetch(`${url}/push/elsewhere`)).status).toBe(404);
    expect((await fetch(`${url}/orders`, { method: 'POST' })).status).toBeGreaterThanOrEqual(401);
  });
});

describe.each(['node-http.js', 'express.js', 'fastify.js', 'hono.js'])('the example frameworks/%s', (file) => {
  it('ends on SIGTERM, with a page connected and a connection open on which nothing was asked', async () => {
    const example = await runExample(`frameworks/${file}`);
    onTestFinished(async () => void (await example.stop()));
    const { client } = await visitor(example.url, 'Ann');
    await heard(client.subscribe('private-user-ann'), 'pusher:subscription_succeeded');
    const { hostname, port } = new URL(example.url);
    const silent = connect(Number(port), hostname);
    await once(silent, 'connect');
    const sentAway = heard<{ data: { code: number } }>(client.connection, 'error');
    expect(await example.stop()).toEqual({ code: 0, signal: null });
    expect((await sentAway).data.code).toBe(4200);
    silent.destroy();
  });
});

describe('the example frameworks/next-route.js', () => {
  it('answers as a function of a Request', async () => {
    const root = join(import.meta.dirname, '../..');
    const route = (await import(`${root}/examples/frameworks/next-route.js`)) as {
      GET(request: Request): Promise<Response>;
      POST(request: Request): Promise<Response>;
    };
    const { logIn } = (await import(`${root}/examples/frameworks/shop.js`)) as { logIn(name: string): string };
    const headers = { cookie: logIn('Ann').split(';')[0] ?? '' };
    const config = await route.GET(new Request('https://shop.example/push/config', { headers }));
    expect(await config.json()).toMatchObject({ channels: ['private-user-ann'] });
    const body = new URLSearchParams({ socket_id: '1.2', channel_name: 'private-user-ann' });
    const auth = await route.POST(new Request('https://shop.example/push/auth', { method: 'POST', headers, body }));
    expect(await auth.json()).toEqual({ auth: expect.stringMatching(/^shop-key:[0-9a-f]{64}$/) });
  });
});
