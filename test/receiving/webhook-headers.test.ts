import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createPushHandler, toNodeHandler } from '../../src/http/index.js';
import {
  AuthenticationError,
  createPushService,
  type PushServerSettings,
  type PushService,
  UnsupportedOperationError,
  ValidationError,
} from '../../src/index.js';
import { sign } from '../../src/pusher-protocol/signature.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { serve } from '../support/test-server.js';
import { bareClient } from '../webhooks/support/bare-client.js';

// A webhook that its headers give away is refused before its body is read.

const keys = { appId: '12345', pubKey: 'public-key', secretKey: 'the-secret-key' };
const webhookSecret = 'a-secret-that-nobody-guesses';
const bearer = `Bearer ${webhookSecret}`;
const subKey = 'sub-c-1';
const pusher: PushServerSettings = { backend: 'pusher', ...keys, options: { cluster: 'eu' } };
const pubnub: PushServerSettings = { backend: 'pubnub', pubKey: 'pub', subKey, options: { webhookSecret } };
const appId = 'b2f7f966-d8cc-41e4-bed1-df8f05be55ba';
const onesignal: PushServerSettings = { backend: 'onesignal', appId, secretKey: 'rest', options: { webhookSecret } };
const websocket: PushServerSettings = { backend: 'websocket', ...keys };
const failover: PushServerSettings = { backend: 'failover', options: { backends: [pusher, pubnub] } };

const body = JSON.stringify({ time_ms: Date.now(), events: [] });
const signed = { 'x-pusher-key': keys.pubKey, 'x-pusher-signature': sign(body, keys.secretKey) };

interface Case {
  readonly settings: PushServerSettings;
  readonly good: Record<string, string>;
  readonly bad: readonly Record<string, string>[];
}

const channelsCase = {
  good: signed,
  bad: [
    {},
    { 'x-pusher-key': keys.pubKey },
    { 'x-pusher-signature': signed['x-pusher-signature'] },
    { ...signed, 'x-pusher-key': 'another' },
    { ...signed, 'x-pusher-signature': '' },
    { ...signed, 'x-pusher-signature': 'z'.repeat(64) },
    { ...signed, 'x-pusher-signature': `${signed['x-pusher-signature']}0` },
  ],
};
const secretCase = {
  good: { authorization: bearer },
  bad: [
    {},
    { authorization: '' },
    { authorization: 'Bearer another-secret-than-that' },
    { authorization: bearer.slice(0, -1) },
  ],
};

const cases: Readonly<Record<string, Case>> = {
  pusher: { settings: pusher, ...channelsCase },
  websocket: { settings: websocket, ...channelsCase },
  pubnub: { settings: pubnub, ...secretCase },
  onesignal: { settings: onesignal, ...secretCase },
  failover: { settings: failover, good: signed, bad: [...channelsCase.bad, ...secretCase.bad] },
  'failover to the next reader': { settings: failover, good: { authorization: bearer }, bad: [] },
};

function service(settings: PushServerSettings): PushService {
  const push = createPushService({ ...settings, logger: new RecordingLogger() });
  onTestFinished(() => push.close());
  return push;
}

/** A webhook whose body counts how often somebody asks for more of it. */
function countingRequest(headers: Record<string, string>): { request: Request; asked: () => number } {
  let asked = 0;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    asked++;
    controller.enqueue(new TextEncoder().encode(body));
    controller.close();
  };
  const stream = new ReadableStream({ pull }, { highWaterMark: 0 });
  const init = { method: 'POST', headers, body: stream, duplex: 'half' };
  return { request: new Request('https://shop.example/push/webhook', init as RequestInit), asked: () => asked };
}

describe.each(Object.entries(cases))('a webhook for %s', (_, { settings, good, bad }) => {
  it('is read when its headers may be right', async () => {
    const { request, asked } = countingRequest(good);
    const read = service(settings).webhook(request);
    await read.catch((error: Error) => expect(error).toBeInstanceOf(ValidationError));
    expect(asked()).toBe(1);
  });

  it.each(bad)('with the headers %j is refused, and its body is not read', async (headers) => {
    const { request, asked } = countingRequest(headers as Record<string, string>);
    await failureOf(AuthenticationError, service(settings).webhook(request));
    expect([asked(), request.bodyUsed]).toEqual([0, false]);
  });

  it('with wrong headers is refused by the push handler while its body is still to come', async () => {
    const [headers = { authorization: 'Bearer another-secret-than-that' }] = bad;
    const push = service(settings);
    const port = await serve(toNodeHandler(createPushHandler(push, { webhook: () => {} })));
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `POST /push/webhook HTTP/1.1\r\nHost: shop\r\nContent-Length: 1000000\r\n${lines.join('')}\r\n`;
    const client = await bareClient(port, head);
    const [answer] = await once(client, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 401 /);
  });
});

it('a webhook for a backend without a secret of its own is refused before its body is read', async () => {
  const push = service({ ...pubnub, options: {} });
  const { request, asked } = countingRequest({});
  await failureOf(UnsupportedOperationError, push.webhook(request));
  expect(asked()).toBe(0);
});
