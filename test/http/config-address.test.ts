import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { text as streamText } from 'node:stream/consumers';
import express from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createPushHandler, type PushHandler, type PushHandlerOptions, toNodeHandler } from '../../src/http/index.js';
import { ConfigurationError, createPushService } from '../../src/index.js';
import { growthOf, LINEAR } from '../support/growth.js';
import { freePort } from '../support/ports.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { serve } from '../support/test-server.js';
import { bareClient } from '../webhooks/support/bare-client.js';

// What GET …/config says of the addresses below which the page asks next.

const keys = { appId: 'shop', pubKey: 'shop-key', secretKey: 'keep-this-to-yourself' };
const page = 'https://shop.example';

function pushHandler(options: PushHandlerOptions = {}, port?: number): PushHandler {
  const push = createPushService({
    backend: 'websocket',
    ...keys,
    logger: new RecordingLogger(),
    ...(port !== undefined && { options: { port } }),
  });
  onTestFinished(() => push.close());
  return createPushHandler(push, options);
}

/** The arguments of the handler when Express hands on a request. */
function fromExpress(originalUrl: string): Parameters<PushHandler> {
  const node = { headers: {}, readableEnded: false, on: () => undefined, originalUrl };
  return [new Request(`${page}/push/config`), { node }];
}

interface Addresses {
  readonly authEndpoint: string;
  readonly userAuthEndpoint: string;
}

async function addressesIn(answer: Response): Promise<Addresses> {
  return (await answer.json()) as Addresses;
}

it.each([
  ['/config', '/'],
  ['/push/config?tab=1', '/push/'],
  ['/a/b/config?from=/c/d?e', '/a/b/'],
  ['/push/config?', '/push/'],
  ['/push/?/config', '/push/'],
  ['/push//config', '/push/'],
  ['/push/config/', '/push/'],
  ['/push/config/?tab=1', '/push/'],
  ['/config/', '/'],
])('at %s, an address that Express hands on, a page asks below %s', async (originalUrl, base) => {
  expect(await addressesIn(await pushHandler()(...fromExpress(originalUrl)))).toMatchObject({
    authEndpoint: `${base}auth`,
    userAuthEndpoint: `${base}user-auth`,
  });
});

/** Paths that a browser takes for an address of another origin, or may come to. */
const foreign: readonly [path: string, base: string][] = [
  ['//evil.example/config', '/evil.example/'],
  ['///evil.example/config', '/evil.example/'],
  ['/\\evil.example/config', '/evil.example/'],
  ['\\\\evil.example/config', '/evil.example/'],
  ['/\\/evil.example\\config/config', '/evil.example/config/'],
  ['/\t/evil.example/config', '/evil.example/'],
  ['/\n\\evil.example/config', '/evil.example/'],
  ['/%2Fevil.example/config', '/%2Fevil.example/'],
  ['/%5Cevil.example/config', '/%5Cevil.example/'],
  ['/.//evil.example/config', '/./evil.example/'],
  ['/a/..//evil.example/config', '/a/../evil.example/'],
  ['https://evil.example/push/config', '/push/'],
  ['HTTP://user@evil.example//push/config', '/push/'],
  ['config', '/'],
];

it.each(foreign)('at %j, an address that Express hands on, a page asks at its own origin', async (path, base) => {
  const { authEndpoint } = await addressesIn(await pushHandler()(...fromExpress(path)));
  expect(authEndpoint).toBe(`${base}auth`);
  expect(new URL(authEndpoint, page).origin).toBe(page);
});

const paths = foreign.map(([path]) => path).filter((path) => path.startsWith('/'));

it.each(paths)('at %j, the address of a web Request, a page asks at its own origin', async (path) => {
  const { authEndpoint, userAuthEndpoint } = await addressesIn(await pushHandler()(new Request(page + path)));
  for (const address of [authEndpoint, userAuthEndpoint]) {
    expect(address).not.toMatch(/\/\/|\\/);
    expect(new URL(address, page).origin).toBe(page);
  }
});

describe.each<[string, (listener: RequestListener) => RequestListener]>([
  ['http.createServer', (listener) => listener],
  ['Express', (listener) => express().use(listener)],
])('behind %s', (_, behind) => {
  it('a client that asks for a whole URL, as proxies may write it, gets addresses below its path', async () => {
    const port = await serve(behind(toNodeHandler(pushHandler())));
    const head = 'Host: shop.example\r\nConnection: close';
    const client = await bareClient(port, `GET http://shop.example/push/config HTTP/1.1\r\n${head}\r\n\r\n`);
    expect(await streamText(client)).toContain('"authEndpoint":"/push/auth"');
  });

  it.each(['//evil.example/config', '/\\evil.example/config', '//evil.example/%2F/config', '/\\/evil.example/config'])(
    'a client that asks for %s gets addresses of the own origin',
    async (path) => {
      const port = await serve(behind(toNodeHandler(pushHandler())));
      const client = await bareClient(port, `GET ${path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`);
      client.setEncoding('utf8');
      let text = '';
      client.on('data', (part) => {
        text += part;
      });
      await once(client, 'close');
      const { authEndpoint } = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as Addresses;
      expect(new URL(authEndpoint, page).href).toMatch(/^https:\/\/shop\.example\/evil\.example\/(?:%2F\/)?auth$/);
    },
  );
});

it.each([
  ['that Express hands on', fromExpress],
  ['of the request', (path: string): Parameters<PushHandler> => [new Request(page + path)]],
])('takes time in proportion to the length of the address %s', async (_, call) => {
  const handler = pushHandler();
  for (const part of ['a', '/', '\\']) {
    const ask = (size: number) => handler(...call(`/push/${part.repeat(size)}/config`));
    expect((await addressesIn(await ask(4096))).authEndpoint).toMatch(/^\/push\/(?:a{4096}\/)?auth$/);
    expect(await growthOf(ask)).toBeLessThan(LINEAR);
  }
});

describe('behind a path that the application does not see', () => {
  const ask = async (options: PushHandlerOptions, headers: Record<string, string> = {}, path = '/push/config') =>
    (await addressesIn(await pushHandler(options)(new Request(page + path, { headers })))).authEndpoint;

  it.each([
    ['/shop/push', '/shop/push/auth'],
    ['/shop/push/', '/shop/push/auth'],
    ['/', '/auth'],
    ['https://example.com/shop/push', 'https://example.com/shop/push/auth'],
    ['http://localhost:3000', 'http://localhost:3000/auth'],
  ])('a page asks below the publicUrl %s', async (publicUrl, address) => {
    expect(await ask({ publicUrl })).toBe(address);
  });

  it.each([
    ['/shop', '/shop/push/auth'],
    ['/shop/', '/shop/push/auth'],
    ['/a/b, /c', '/a/b/push/auth'],
    ['/', '/push/auth'],
  ])('a page asks below the X-Forwarded-Prefix %s of a proxy that is trusted', async (prefix, address) => {
    const headers = { 'x-forwarded-prefix': prefix };
    expect(await ask({ trustProxy: true }, headers)).toBe(address);
    expect(await ask({}, headers)).toBe('/push/auth');
    expect(await ask({ trustProxy: true, publicUrl: '/own' }, headers)).toBe('/own/auth');
  });

  it.each([
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'evil.example',
    'https://evil.example',
    '/a//b',
    '/a?b',
    '/a#b',
    '/a b',
  ])('a page does not ask below the X-Forwarded-Prefix %s', async (prefix) => {
    expect(await ask({ trustProxy: true }, { 'x-forwarded-prefix': prefix })).toBe('/push/auth');
  });

  it.each([
    '',
    'shop',
    '//evil.example',
    '/a//b',
    '/\\evil.example',
    'ftp://example.com',
    'https://u:p@example.com',
    '/a?b',
    42,
    null,
  ])('the publicUrl %j is refused', (publicUrl) => {
    expect(() => pushHandler({ publicUrl: publicUrl as string })).toThrow(ConfigurationError);
    expect(() => pushHandler({ publicUrl: publicUrl as string })).toThrow('"publicUrl" must be a path such as');
  });

  it('trustProxy is true or false', () => {
    expect(() => pushHandler({ trustProxy: 1 as never })).toThrow('"trustProxy" must be true or false.');
  });
});

describe('a page of another origin', () => {
  const allowedOrigins = ['https://blog.example'];
  const foreign = { origin: 'https://blog.example', 'sec-fetch-site': 'cross-site' };

  async function ask(options: PushHandlerOptions, headers: Record<string, string> = {}, url = page, port?: number) {
    const handler = pushHandler({ allowedOrigins, ...options }, port);
    const response = await handler(new Request(`${url}/push/config`, { headers: { ...foreign, ...headers } }));
    const config = (await response.json()) as Record<string, unknown>;
    return [config['authEndpoint'], config['host'], config['port'], config['useTLS']];
  }

  it('is told whole addresses, and where the embedded server is', async () => {
    expect(await ask({})).toEqual(['https://shop.example/push/auth', 'shop.example', 443, true]);
    expect(await ask({}, {}, 'http://localhost:3000')).toEqual([
      'http://localhost:3000/push/auth',
      'localhost',
      3000,
      false,
    ]);
    const port = await freePort();
    expect(await ask({}, {}, page, port)).toEqual(['https://shop.example/push/auth', 'shop.example', port, false]);
  });

  it('is told those of the publicUrl, or of a proxy that is trusted', async () => {
    const inside = 'http://10.0.0.1:8080';
    const proxy = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'shop.example', 'x-forwarded-prefix': '/shop' };
    const outside = ['https://shop.example/shop/push/auth', 'shop.example', 443, true];
    expect(await ask({ trustProxy: true }, proxy, inside)).toEqual(outside);
    expect(await ask({ publicUrl: 'https://shop.example/shop/push' }, {}, inside)).toEqual(outside);
    expect(await ask({ publicUrl: '/shop/push' }, { host: 'shop.example' }, 'https://10.0.0.1')).toEqual(outside);
    expect(await ask({}, proxy, inside)).toEqual(['http://10.0.0.1:8080/push/auth', '10.0.0.1', 8080, false]);
    const odd = { 'x-forwarded-proto': 'javascript', 'x-forwarded-host': 'evil.example/x' };
    expect(await ask({ trustProxy: true }, odd, inside)).toEqual([
      'http://10.0.0.1:8080/push/auth',
      '10.0.0.1',
      8080,
      false,
    ]);
  });
});

it.each(['auth', 'user-auth', 'config', 'webhook', 'client.js'])(
  'the route %s takes a slash behind it',
  async (route) => {
    const handler = pushHandler();
    const ask = async (path: string) =>
      (await handler(new Request(`${page}/push/${path}`, { method: 'DELETE' }))).status;
    expect(await ask(route)).toBe(405);
    expect(await ask(`${route}/`)).toBe(405);
    expect(await ask(`${route}//`)).toBe(404);
  },
);
