import express from 'express';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createPushHandler, type PushHandler, toNodeHandler } from '../../src/http/index.js';
import { createPushService, type PushService, TimeoutError, type WebhookEvent } from '../../src/index.js';
import { sign } from '../../src/pusher-protocol/signature.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { serve } from '../support/test-server.js';

const keys = { appId: 'shop', pubKey: 'shop-key', secretKey: 'keep-this-to-yourself' };

function setUp(handle?: (event: WebhookEvent) => unknown): {
  handler: PushHandler;
  push: PushService;
  logger: RecordingLogger;
} {
  const logger = new RecordingLogger();
  const push: PushService = createPushService({ backend: 'websocket', ...keys, logger });
  onTestFinished(() => push.close());
  return { push, logger, handler: createPushHandler(push, { webhook: handle }) };
}

/** A webhook as the service of Pusher sends it. */
function webhook(
  events: readonly object[],
  headers: Record<string, string> = {},
): { body: string; headers: Record<string, string> } {
  const body = JSON.stringify({ time_ms: Date.now(), events });
  const signature = sign(body, keys.secretKey);
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'x-pusher-key': keys.pubKey,
      'x-pusher-signature': signature,
      ...headers,
    },
  };
}

const occupied = { name: 'channel_occupied', channel: 'orders' };

function post(handler: PushHandler, init: { body: string; headers: Record<string, string> }): Promise<Response> {
  return handler(new Request('https://shop.example/push/webhook', { method: 'POST', ...init }));
}

describe('POST …/webhook', () => {
  it('hands each event to the application, once, though the provider sends it twice', async () => {
    const events: WebhookEvent[] = [];
    const { handler } = setUp((event) => events.push(event));
    const sent = webhook([occupied, { name: 'member_added', channel: 'presence-room', user_id: 'ann' }]);
    for (let time = 0; time < 2; time++) {
      const response = await post(handler, sent);
      expect([response.status, await response.json()]).toEqual([200, {}]);
    }
    expect(events).toMatchObject([
      { type: 'channelOccupied', channel: 'orders' },
      { type: 'memberAdded', channel: 'presence-room', userId: 'ann' },
    ]);
  });

  it('tells the provider to send again what the application could not handle', async () => {
    let isDown = true;
    const handled: string[] = [];
    const failure = new Error('the database is gone');
    const { handler, logger } = setUp((event) => {
      if (isDown) throw failure;
      handled.push(event.type);
    });
    const sent = webhook([occupied]);
    const refused = await post(handler, sent);
    expect([refused.status, await refused.json()]).toEqual([500, { error: 'The server failed.' }]);
    expect(logger.entries).toMatchObject([{ level: 'error', details: { err: failure } }]);
    isDown = false;
    expect((await post(handler, sent)).status).toBe(200);
    expect(handled).toEqual(['channelOccupied']);
  });

  it.each([
    ['that is not signed', { 'x-pusher-signature': '' }, 401],
    ['that was signed with another secret', { 'x-pusher-signature': sign('{}', 'another') }, 401],
    ['with another key', { 'x-pusher-key': 'another' }, 401],
  ])('answers one %s with its status, and hands nothing on', async (_, headers, status) => {
    const events: WebhookEvent[] = [];
    const { handler, logger } = setUp((event) => events.push(event));
    expect((await post(handler, webhook([occupied], headers))).status).toBe(status);
    expect(events).toEqual([]);
    expect(logger.entries).toMatchObject([{ level: 'warn', text: 'a webhook was refused' }]);
  });

  it('answers one whose body does not arrive with 408, which is no failure of the application', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { handler, logger } = setUp(() => {});
    const { headers } = webhook([occupied]);
    const init = { method: 'POST', headers, body: new ReadableStream(), duplex: 'half' };
    const answer = handler(new Request('https://shop.example/push/webhook', init as RequestInit));
    await vi.advanceTimersByTimeAsync(10_000);
    const response = await answer;
    const error = "The webhook's body did not arrive within 10000 ms.";
    expect([response.status, await response.json()]).toEqual([408, { error }]);
    expect(logger.entries).toMatchObject([{ level: 'warn', text: 'a webhook was refused' }]);
  });

  it('answers a timeout of the application with its own status', async () => {
    const failure = new TimeoutError('The database did not answer.');
    const { handler, logger } = setUp(() => Promise.reject(failure));
    expect((await post(handler, webhook([occupied]))).status).toBe(504);
    expect(logger.entries.at(-1)).toMatchObject({ level: 'error', details: { err: failure } });
  });

  it('refuses one that is not signed also while the service closes', async () => {
    const { handler, push, logger } = setUp(() => {});
    const closing = push.close();
    const response = await post(handler, webhook([occupied], { 'x-pusher-signature': '' }));
    expect(response.status).toBe(401);
    expect(logger.entries).toMatchObject([{ level: 'warn', text: 'a webhook was refused' }]);
    await closing;
  });

  it('does not ask where a webhook comes from, for no page sends it', async () => {
    const { handler } = setUp(() => {});
    const sent = webhook([occupied], { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' });
    expect((await post(handler, sent)).status).toBe(200);
  });

  it('is not there for an application that takes none', async () => {
    const { handler } = setUp();
    const response = await post(handler, webhook([occupied]));
    const error = 'This address takes no webhooks: the option "webhook" is not set.';
    expect([response.status, await response.json()]).toEqual([404, { error }]);
  });

  it('fires messageReceived for what clients send', async () => {
    const { handler, push } = setUp(() => {});
    const heard: unknown[] = [];
    push.on('messageReceived', (message) => heard.push(message));
    const event = { name: 'client_event', channel: 'private-a', event: 'client-x', data: '{"a":1}', socket_id: '1.2' };
    await post(handler, webhook([event]));
    expect(heard).toMatchObject([{ channel: 'private-a', event: 'client-x', data: { a: 1 } }]);
  });

  it.each([
    ['before any parser', [], 200],
    ['behind a parser that keeps the bytes', [express.raw({ type: 'application/json' })], 200],
    [
      'behind a parser whose bytes are kept beside',
      [express.json({ verify: (request, _response, body) => Object.assign(request, { rawBody: body }) })],
      200,
    ],
    ['behind express.json()', [express.json()], 400],
  ])('is read in Express %s, or refused with what to do', async (_, parsers, status) => {
    const { handler } = setUp(() => {});
    const app = express();
    app.use(...parsers, toNodeHandler(handler));
    const url = `http://127.0.0.1:${await serve(app)}/push/webhook`;
    const response = await fetch(url, { method: 'POST', ...webhook([occupied]) });
    expect(response.status).toBe(status);
    if (status === 400)
      expect(await response.json()).toMatchObject({ error: expect.stringMatching(/before express.json/) });
  });
});
