import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import express from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createPushHandler, type PushHandler, toNodeHandler } from '../../src/http/index.js';
import { createPushService } from '../../src/index.js';
import { growthOf, LINEAR } from '../support/growth.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { serve } from '../support/test-server.js';
import { bareClient } from '../webhooks/support/bare-client.js';

// What GET …/config says of the addresses below which the page asks next.

const keys = { appId: 'shop', pubKey: 'shop-key', secretKey: 'keep-this-to-yourself' };
const page = 'https://shop.example';

function pushHandler(): PushHandler {
  const push = createPushService({ backend: 'websocket', ...keys, logger: new RecordingLogger() });
  onTestFinished(() => push.close());
  return createPushHandler(push);
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
