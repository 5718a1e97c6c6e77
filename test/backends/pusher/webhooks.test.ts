import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import Pusher from 'pusher';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { PusherService } from '../../../src/backends/pusher/index.js';
import { RemoteWebSocketService } from '../../../src/backends/remote/index.js';
import { WebSocketService } from '../../../src/backends/websocket/index.js';
import {
  AuthenticationError,
  ConfigurationError,
  createPushService,
  type IncomingMessage,
  PushError,
  type PushService,
  ValidationError,
  type WebhookEvent,
} from '../../../src/index.js';
import { readWebhook } from '../../../src/webhooks/read.js';
import { failureOf } from '../../support/failure-of.js';

const keys = { appId: '12345', pubKey: 'public-key', secretKey: 'the-secret-key' };
const older = { pubKey: 'older-key', secretKey: 'the-older-secret' };
const NOW = new Date('2026-11-26T12:00:00Z');

beforeEach(() => void vi.useFakeTimers({ now: NOW, toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

const backends = {
  pusher: (options: object) => new PusherService({ ...keys, options }),
  websocket: (options: object) => new WebSocketService({ ...keys, options }),
  remote: (options: object) => new RemoteWebSocketService({ ...keys, options }),
};

function serviceWith(backend: PusherService | WebSocketService | RemoteWebSocketService): PushService {
  const push = createPushService({ backend });
  onTestFinished(() => push.close());
  return push;
}

function service(options: object = {}): PushService {
  return serviceWith(backends.pusher(options));
}

interface Signing {
  key?: string;
  secret?: string;
  time?: unknown;
  headers?: object;
}

/** A webhook as Pusher sends it. */
function webhook(events: unknown, { key = keys.pubKey, secret = keys.secretKey, ...rest }: Signing = {}) {
  const { time = NOW.getTime(), headers } = rest;
  const rawBody = JSON.stringify({ time_ms: time, events });
  return signed(rawBody, { key, secret, ...(headers !== undefined && { headers }) });
}

function signed(rawBody: string, { key = keys.pubKey, secret = keys.secretKey, headers = {} }: Signing = {}) {
  const signature = createHmac('sha256', secret).update(rawBody).digest('hex');
  return {
    headers: {
      'content-type': 'application/json',
      'x-pusher-key': key,
      'x-pusher-signature': signature,
      ...headers,
    } as Record<string, string>,
    rawBody,
  };
}

/** What the SDK makes of a webhook. */
function sdkIsValid(request: { headers: object; rawBody: string }, extra?: Pusher.Token[]): boolean {
  const { appId, pubKey: key, secretKey: secret } = keys;
  return new Pusher({ appId, key, secret, cluster: 'eu' }).webhook(request as Pusher.WebHookRequest).isValid(extra);
}

const occupied = { name: 'channel_occupied', channel: 'orders' };

describe.each(Object.entries(backends))('the %s backend', (name, build) => {
  it('reads every event that Pusher sends, and drops none that it does not know', async () => {
    const events = [
      occupied,
      { name: 'channel_vacated', channel: 'orders' },
      { name: 'member_added', channel: 'presence-room', user_id: 'ann' },
      { name: 'member_removed', channel: 'presence-room', user_id: 7 },
      {
        name: 'client_event',
        channel: 'presence-room',
        event: 'client-typing',
        data: '{"text":"a"}',
        socket_id: '1.2',
        user_id: 'ann',
      },
      { name: 'client_event', channel: 'private-a', event: 'client-x', data: 'no JSON' },
      { name: 'cache_miss', channel: 'cache-a' },
      { name: 'subscription_count', channel: 'orders', subscription_count: 3 },
      { name: 'subscription_count', channel: 'orders', subscription_count: '4' },
      { name: 'something_new', channel: 'orders', more: [1] },
      { name: 'member_added', channel: 'presence-room' },
      { name: 'subscription_count', channel: 'orders', subscription_count: [5] },
      { name: 'client_event', channel: 'private-a' },
      { name: 'channel_occupied' },
      'no object',
    ];
    const read = await serviceWith(build({})).webhook(webhook(events));
    expect(read.map(({ id, time, backend, raw, ...rest }) => rest)).toEqual([
      { type: 'channelOccupied', channel: 'orders' },
      { type: 'channelVacated', channel: 'orders' },
      { type: 'memberAdded', channel: 'presence-room', userId: 'ann' },
      { type: 'memberRemoved', channel: 'presence-room', userId: '7' },
      {
        type: 'clientEvent',
        channel: 'presence-room',
        event: 'client-typing',
        data: { text: 'a' },
        socketId: '1.2',
        userId: 'ann',
      },
      { type: 'clientEvent', channel: 'private-a', event: 'client-x', data: 'no JSON' },
      { type: 'cacheMiss', channel: 'cache-a' },
      { type: 'subscriptionCount', channel: 'orders', subscriptionCount: 3 },
      { type: 'subscriptionCount', channel: 'orders', subscriptionCount: 4 },
      { type: 'other', name: 'something_new' },
      { type: 'other', name: 'member_added' },
      { type: 'other', name: 'subscription_count' },
      { type: 'other', name: 'client_event' },
      { type: 'other', name: 'channel_occupied' },
      { type: 'other', name: '' },
    ]);
    expect(read.map(({ raw }) => raw)).toEqual(events);
    expect(new Set(read.map(({ id }) => id)).size).toBe(events.length);
    expect(read.map(({ time, backend }) => [time, backend])).toEqual(events.map(() => [NOW, build({}).name]));
  });

  it('declares webhooks', () => {
    expect(build({}).capabilities.webhooks).toBe(true);
  });

  it('takes a webhook that another of its keys has signed, while one is replaced', async () => {
    const push = serviceWith(build({ webhookKeys: [older, { ...older, secretKey: 'the-oldest-secret' }] }));
    const byOlder = { key: older.pubKey, secret: older.secretKey };
    for (const signing of [{}, byOlder, { key: older.pubKey, secret: 'the-oldest-secret' }])
      expect(await push.backend.parseWebhook(await readWebhook(webhook([occupied], signing)))).toHaveLength(1);
    await failureOf(AuthenticationError, serviceWith(build({})).webhook(webhook([occupied], byOlder)));
    await failureOf(AuthenticationError, push.webhook(webhook([occupied], { ...byOlder, secret: keys.secretKey })));
  });

  it('says what is wrong with its options', async () => {
    const failure = await failureOf(ConfigurationError, () =>
      build({ webhookKeys: [{ pubKey: 'a', secret: 'b' }], webhookMaxAgeMs: 999 }),
    );
    expect(failure.message).toContain('"webhookKeys.0.secretKey" must be of type string, found nothing');
    expect(failure.message).toContain('"webhookMaxAgeMs" must be at least 1000');
    await failureOf(ConfigurationError, () => build({ webhookMaxAgeMs: 3_600_001 }));
  });

  it(`shows none of the secrets of its keys (${name})`, () => {
    expect(JSON.stringify(build({ webhookKeys: [older] }))).not.toContain(older.secretKey);
    expect(build({ webhookKeys: [older] }).redact(`x ${older.secretKey} x`)).toBe('x [secret] x');
  });
});

describe('a webhook that is refused', () => {
  async function refusal(request: { headers: object; rawBody: string }, options: object = {}): Promise<string> {
    const push = service(options);
    const received: IncomingMessage[] = [];
    push.on('messageReceived', (message) => received.push(message));
    const handled: WebhookEvent[] = [];
    const taking = push.webhook(request as never, (event) => handled.push(event));
    const failure = await failureOf(AuthenticationError, taking);
    expect([failure.backend, received, handled]).toEqual(['pusher', [], []]);
    return failure.message;
  }

  const clientEvent = [{ name: 'client_event', channel: 'private-a', event: 'client-x', data: '1' }];

  it('was changed on the way', async () => {
    const request = webhook(clientEvent);
    const rawBody = request.rawBody.replace('client-x', 'client-y');
    expect(await refusal({ ...request, rawBody })).toMatch(/^The webhook's X-Pusher-Signature is wrong: /);
    expect(await refusal({ ...request, rawBody: JSON.stringify(JSON.parse(rawBody), null, 1) })).toContain(
      'Pass the unchanged body, before anything parses it.',
    );
  });

  it('was signed with another secret', async () => {
    expect(await refusal(webhook(clientEvent, { secret: 'guessed' }))).toMatch(
      /^The webhook's X-Pusher-Signature is wrong/,
    );
  });

  it('was signed with a key that is none of ours', async () => {
    const message = await refusal(webhook(clientEvent, { key: 'unknown-key' }));
    expect(message).toBe(
      'The webhook\'s X-Pusher-Key is not a key of this application. Add further keys to the option "webhookKeys".',
    );
  });

  it.each(['X-Pusher-Key', 'X-Pusher-Signature'])(
    'has no %s, where the SDK throws a TypeError or says no',
    async (name) => {
      const request = webhook(clientEvent);
      delete request.headers[name.toLowerCase()];
      expect(await refusal(request)).toBe(`The webhook is not signed: it has no ${name} header.`);
      if (name === 'X-Pusher-Signature') expect(() => sdkIsValid(request)).toThrow(TypeError);
      else expect(sdkIsValid(request)).toBe(false);
    },
  );

  it.each([
    ['', 'no signature'],
    ['zz', 'no signature'],
    ['0'.repeat(64), 'wrong'],
    ['é'.repeat(64), 'no signature'],
  ])('has a signature that is none: "%s"', async (signature, problem) => {
    const request = webhook(clientEvent, { headers: { 'x-pusher-signature': signature } });
    expect(await refusal(request)).toContain(`The webhook's X-Pusher-Signature is ${problem}: `);
  });

  it.each([
    ['600 001 ms old', -600_001, {}],
    ['from 600 001 ms ahead', 600_001, {}],
    ['an hour old, with an age limit of half an hour', -3_600_000, { webhookMaxAgeMs: 1_800_000 }],
    ['of a time that is no date', 8.7e15, {}],
  ])('is %s, where the SDK takes any age', async (_what, offset, options) => {
    const request = webhook(clientEvent, { time: NOW.getTime() + offset });
    expect(await refusal(request, options)).toContain('(option "webhookMaxAgeMs"). Check the clock of this machine.');
    expect(sdkIsValid(request)).toBe(true);
  });
});

it('a webhook is taken up to its age limit, before and after', async () => {
  for (const offset of [-600_000, 600_000, -1_800_000]) {
    const push = service(offset < -600_000 ? { webhookMaxAgeMs: 1_800_000 } : {});
    expect(await push.webhook(webhook([occupied], { time: NOW.getTime() + offset }))).toHaveLength(1);
  }
});

it('a charset in the content type changes nothing, where the SDK refuses', async () => {
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  const request = webhook([occupied], { headers });
  expect(await service().webhook(request)).toHaveLength(1);
  expect(sdkIsValid(request)).toBe(false);
  expect(sdkIsValid(webhook([occupied]))).toBe(true);
});

it('keys for rotation do what the tokens of the SDK do', async () => {
  const request = webhook([occupied], { key: older.pubKey, secret: older.secretKey });
  const token = { key: older.pubKey, secret: older.secretKey };
  expect(await service({ webhookKeys: [older] }).webhook(request)).toHaveLength(1);
  expect([sdkIsValid(request), sdkIsValid(request, [token])]).toEqual([false, true]);
});

it.each([
  ['no JSON', 'events'],
  ['no object', '[1]'],
  ['no list of events', JSON.stringify({ time_ms: NOW.getTime(), events: {} })],
  ['no time', JSON.stringify({ events: [] })],
  ['nothing', ''],
])('a webhook that is signed and holds %s is a ValidationError', async (_what, rawBody) => {
  const failure = await failureOf(ValidationError, service().webhook(signed(rawBody)));
  expect(failure.backend).toBe('pusher');
});

it('a webhook that is sent again is dropped, as is one that is replayed', async () => {
  const push = service();
  const request = webhook([occupied, occupied]);
  expect(await push.webhook(request)).toHaveLength(2);
  vi.setSystemTime(NOW.getTime() + 600_000);
  expect(await push.webhook(request)).toEqual([]);
  expect(await push.webhook(webhook([occupied, occupied], { time: NOW.getTime() + 1 }))).toHaveLength(2);
});

it('a client event fires messageReceived', async () => {
  const push = service();
  const received: IncomingMessage[] = [];
  push.on('messageReceived', (message) => received.push(message));
  await push.webhook(
    webhook([{ name: 'client_event', channel: 'presence-a', event: 'client-x', data: '{"n":1}', user_id: 'ann' }]),
  );
  expect(received).toEqual([{ channel: 'presence-a', event: 'client-x', data: { n: 1 }, userId: 'ann' }]);
});

describe('whatever comes', () => {
  const push = createPushService({ backend: new PusherService(keys) });
  const received: unknown[] = [];
  push.on('messageReceived', (message) => received.push(message));
  const names = fc.constantFrom('x-pusher-key', 'X-Pusher-Signature', 'content-type', 'x');

  it('unsigned is an AuthenticationError or a ValidationError, and fires nothing', async () => {
    const values = fc.oneof(fc.string(), fc.constant(keys.pubKey), fc.array(fc.string()), fc.constant(undefined));
    const requests = fc.record({
      headers: fc.dictionary(names, values),
      rawBody: fc.oneof(fc.string(), fc.uint8Array(), fc.json()),
    });
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const handle = (): void => void received.push('handled');
        const error = await push.webhook(request as never, handle).catch((failure: unknown) => failure);
        expect(error).toSatisfy(
          (found) => found instanceof AuthenticationError || found instanceof ValidationError,
          String(error),
        );
        expect(received).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('signed is read or refused, and never crashes', async () => {
    const fields = fc.record(
      {
        name: fc.oneof(fc.constantFrom('client_event', 'member_added', 'subscription_count', '__proto__'), fc.string()),
        channel: fc.oneof(fc.string(), fc.anything()),
        user_id: fc.anything(),
        event: fc.anything(),
        data: fc.anything(),
        subscription_count: fc.anything(),
      },
      { requiredKeys: [] },
    );
    const bodies = fc.oneof(
      fc.json(),
      fc.array(fields).map((events) => textOf({ time_ms: NOW.getTime(), events })),
      fc.anything().map((events) => textOf({ time_ms: NOW.getTime(), events })),
    );
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const result = await push.webhook(signed(body)).catch((failure: unknown) => failure);
        expect(Array.isArray(result) || PushError.isPushError(result), String(result)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

/** JSON of whatever can be written, and of nothing where it cannot. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, inner) => (typeof inner === 'bigint' ? String(inner) : inner));
}
