import { once } from 'node:events';
import { Agent, type IncomingMessage, request as nodeRequest, type RequestListener } from 'node:http';
import express from 'express';
import Fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createPushHandler,
  type NodeHandler,
  type PushRequestContext,
  pushSession,
  toNodeHandler,
} from '../../src/http/index.js';
import { createPushService, type PushService } from '../../src/index.js';
import { startPubNubProvider } from '../providers/pubnub-provider.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { serve } from '../support/test-server.js';

const keys = { appId: 'shop', pubKey: 'shop-key', secretKey: 'keep-this-to-yourself' };
const signed = { auth: expect.stringMatching(/^shop-key:[0-9a-f]{64}$/) };

function service(): PushService {
  const push: PushService = createPushService({ backend: 'websocket', ...keys, logger: new RecordingLogger() });
  onTestFinished(() => push.close());
  return push.authorize('private-{id}', () => true);
}

/** A handler for whoever is Ann. */
function handler(contexts: PushRequestContext[] = []): NodeHandler {
  return toNodeHandler(
    createPushHandler(service(), {
      authenticate: (_request, context) => {
        contexts.push(context);
        return 'ann';
      },
    }),
  );
}

async function listen(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await serve(listener)}`;
}

const fields = { socket_id: '1.2', channel_name: 'private-1' };

function ask(
  url: string,
  body: URLSearchParams | string = new URLSearchParams(fields),
  headers: Record<string, string> = {},
) {
  return fetch(url, { method: 'POST', body, headers });
}

describe("a push handler's Node form", () => {
  it('serves http.createServer', async () => {
    const url = await listen(handler());
    const response = await ask(`${url}/push/auth`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(signed);
  });

  it("hands on Node's request, with all that middleware has put on it", async () => {
    const contexts: PushRequestContext[] = [];
    const app = express();
    app.use((request, _response, next) => {
      Object.assign(request, { user: 'ann' });
      next();
    });
    app.use('/push', handler(contexts));
    await ask(`${await listen(app)}/push/auth`);
    expect(contexts[0]?.node).toMatchObject({ user: 'ann', originalUrl: '/push/auth', url: '/auth' });
  });

  it('tells a page where to ask by the address under which Express has it', async () => {
    const app = express();
    app.use('/api/push', handler());
    const config = await (await fetch(`${await listen(app)}/api/push/config?tab=1`)).json();
    expect(config).toMatchObject({ authEndpoint: '/api/push/auth', userAuthEndpoint: '/api/push/user-auth' });
  });

  it.each([
    ['of a form', express.urlencoded(), new URLSearchParams(fields), {}],
    ['of JSON', express.json(), JSON.stringify(fields), { 'content-type': 'application/json' }],
    ['that keeps the bytes', express.raw({ type: () => true }), new URLSearchParams(fields), {}],
    ['that keeps the text', express.text({ type: () => true }), new URLSearchParams(fields), {}],
  ])('works behind a parser %s, which has read the body', async (_, parser, body, headers) => {
    const app = express();
    app.use(parser, handler());
    const response = await ask(`${await listen(app)}/push/auth`, body, headers);
    expect([response.status, await response.json()]).toEqual([200, signed]);
  });

  const lost: readonly [by: string, leave: (request: object) => void][] = [
    ['leaves nothing, as Koa and Fastify do on the request of Node', () => {}],
    ['leaves an empty object, as some do', (request) => void Object.assign(request, { body: {} })],
  ];

  it.each(lost)('says that the body was read before, by something that %s', async (_, leave) => {
    const logger = new RecordingLogger();
    const push = createPushService({ backend: 'websocket', ...keys, logger });
    onTestFinished(() => push.close());
    const nodeHandler = toNodeHandler(createPushHandler(push, { authenticate: () => 'ann' }));
    const url = await listen(async (request, response) => {
      await request.toArray();
      leave(request);
      await nodeHandler(request, response);
    });
    const text = /^The body was read before the push handler got the request.*: mount the push handler before/;
    for (const path of ['auth', 'user-auth']) {
      const response = await ask(`${url}/push/${path}`);
      expect([response.status, await response.json()]).toEqual([500, { error: expect.stringMatching(text) }]);
    }
    expect(logger.entries[0]).toMatchObject({
      level: 'error',
      details: { err: { message: expect.stringMatching(text) } },
    });
    // What is missing from a body that is empty, or from JSON, is the client's affair.
    for (const [body, headers] of [
      ['', {}],
      ['{}', { 'content-type': 'application/json' }],
    ] as const) {
      const status = (await ask(`${url}/push/auth`, body, headers)).status;
      expect(status).toBe(body !== '' && leave === lost[0]?.[1] ? 500 : 400);
    }
  });

  it("says so where Fastify's own parser has read the body", async () => {
    const app = Fastify();
    onTestFinished(() => app.close());
    const nodeHandler = handler();
    app.post('/push/*', (request, reply) => {
      reply.hijack();
      void nodeHandler(request.raw, reply.raw);
    });
    const response = await ask(`${await app.listen()}/push/auth`, JSON.stringify(fields), {
      'content-type': 'application/json',
    });
    expect(response.status).toBe(500);
    expect(await response.text()).toContain('The body was read before the push handler got the request');
  });

  it('says that the body of a web Request was read before', async () => {
    const request = new Request('http://shop.example/push/auth', { method: 'POST', body: new URLSearchParams(fields) });
    await request.text();
    const response = await createPushHandler(service())(request);
    expect(response.status).toBe(500);
    expect(await response.text()).toContain('The body was read before the push handler got the request');
  });

  it("lets a session have its own channel, by pushSession's word", async () => {
    const app = express();
    app.use((request, _response, next) => {
      Object.assign(request, {
        pushSession: {
          channelId: 'presence-mine',
          clientConfig: async () => ({ backend: 'x', channels: ['presence-mine'] }),
        },
      });
      next();
    });
    app.use('/push', toNodeHandler(createPushHandler(service())));
    const url = await listen(app);
    expect(await (await fetch(`${url}/push/config`)).json()).toMatchObject({ channels: ['presence-mine'] });
    expect(
      (await ask(`${url}/push/auth`, new URLSearchParams({ ...fields, channel_name: 'private-mine' }))).status,
    ).toBe(401);
  });

  it("knows a session's user by pushSession's word, where clients are known by their user", async () => {
    const provider = await startPubNubProvider();
    const { pubKey, subKey, secretKey, useSsl, options } = provider.settings;
    const push = createPushService({ backend: 'pubnub', pubKey, subKey, secretKey, useSsl, options });
    onTestFinished(async () => {
      await push.close();
      await provider.close();
    });
    const app = express();
    app.use((request, _response, next) => {
      const kept = { channelId: 'private-session-1', userId: 'ann' };
      Object.assign(request, { session: { pushSession: kept }, user: 'ann' });
      next();
    });
    app.use(pushSession({ service: push }));
    app.use('/push', toNodeHandler(createPushHandler(push)));
    const url = await listen(app);
    const config = await (await fetch(`${url}/push/config`)).json();
    expect(config).toMatchObject({ channels: ['private-session-1'], userId: 'ann' });
    expect((await ask(`${url}/push/auth`, new URLSearchParams({ channel_name: 'private-session-1' }))).status).toBe(
      200,
    );
    const grant = provider.server.requests.find(({ path }) => path.includes('/grant'));
    expect(JSON.parse(grant?.body ?? '')).toMatchObject({ permissions: { uuid: 'ann' } });
  });

  it('answers 400 where the address cannot be read', async () => {
    const url = new URL(await listen(handler()));
    const request = nodeRequest({
      host: url.hostname,
      port: url.port,
      path: '*',
      method: 'OPTIONS',
      headers: { host: 'a b' },
    });
    request.end();
    const [response] = await once(request, 'response');
    expect(response.statusCode).toBe(400);
  });

  it.each([
    ['for which there is no address', '/push/elsewhere', {}],
    ['of a page that may not ask', '/push/auth', { origin: 'https://evil.example' }],
    ['that is too large', '/push/auth', {}],
  ])('lets the connection of a request %s go on to the next, whatever its body', async (_, path, headers) => {
    const url = await listen(handler());
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const status = async (to: string, method: string, body = ''): Promise<number | undefined> => {
      const request = nodeRequest(`${url}${to}`, {
        agent,
        method,
        headers: { 'content-type': 'application/json', ...headers },
      });
      request.end(body);
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      await response.resume().toArray();
      return response.statusCode;
    };
    expect(await status(path, 'POST', 'x'.repeat(1_000_000))).toBeGreaterThanOrEqual(400);
    expect(await status('/push/elsewhere', 'GET')).toBe(404);
  });

  it('does not mind a client that goes away', async () => {
    const asked = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<string>();
    const push = service();
    const nodeHandler = toNodeHandler(
      createPushHandler(push, {
        authenticate: () => {
          asked.resolve();
          return answered.promise;
        },
      }),
    );
    const ended = Promise.withResolvers<void>();
    const url = await listen((request, response) => {
      response.once('close', gone.resolve);
      void nodeHandler(request, response).then(ended.resolve, ended.reject);
    });
    const controller = new AbortController();
    const answer = fetch(`${url}/push/auth`, {
      method: 'POST',
      body: new URLSearchParams(fields),
      signal: controller.signal,
    });
    answer.catch(() => {});
    await asked.promise;
    controller.abort();
    await gone.promise;
    answered.resolve('ann');
    await ended.promise;
    expect((await ask(`${url}/push/auth`)).status).toBe(200);
  });
});
