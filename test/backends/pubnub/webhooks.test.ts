import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type PubNubOptions, PubNubService } from '../../../src/backends/pubnub/index.js';
import {
  AuthenticationError,
  ConfigurationError,
  createPushService,
  type IncomingMessage,
  type PushService,
  UnsupportedOperationError,
  ValidationError,
  type WebhookEvent,
} from '../../../src/index.js';
import { failureOf } from '../../support/failure-of.js';

const secret = 'a-secret-of-the-webhook';
const next = 'the-secret-that-follows';
const keys = { pubKey: 'publish-key', subKey: 'subscribe-key', secretKey: 'secret-key' };
const pubnub11 = createRequire(import.meta.url)('pubnub-11') as NonNullable<PubNubOptions['PubNub']>;

function service(options: PubNubOptions = { webhookSecret: secret }): PushService {
  const push = createPushService({ backend: 'pubnub', ...keys, options });
  onTestFinished(() => push.close());
  return push;
}

function webhook(body: unknown, authorization = `Bearer ${secret}`): Parameters<PushService['webhook']>[0] {
  return { headers: { authorization }, rawBody: JSON.stringify(body) };
}

/** What is told of each event, without what all of them have. */
function told(events: readonly WebhookEvent[]): readonly object[] {
  return events.map(({ id, time, backend, raw, ...rest }) => rest);
}

function schemaOf(name: string): string {
  return `pubnub.com/schemas/events/${name}?v=1.0.0`;
}

/** The forms in which Events & Actions sends one event. Source: the page "Events & Actions payloads" of PubNub's documentation. */
const forms: Readonly<Record<string, (name: string, item: object) => object>> = {
  'without an envelope': (name, item) => ({ dataSchema: schemaOf(name), data: [item] }),
  'without an envelope, as it was called before': (name, item) => ({ schema: schemaOf(name), data: [item] }),
  'in the envelope 1': (name, item) => ({
    schema: 'https://www.pubnub.com/schemas/edp.ena.event?schema-instance+json',
    event: { id: 'envelope', timestamp: '2025-06-16T09:53:39Z', payload: { schema: schemaOf(name), data: [item] } },
    metadata: { 'ena:listener': {}, 'ena:action': {} },
  }),
  'in the envelope 2': (name, item) => ({
    event: { id: 'envelope', payload: { dataSchema: schemaOf(name), data: [item] } },
    metadata: { provenance: {} },
  }),
  'with the address of the schema written twice': (name, item) => ({
    dataSchema: schemaOf(`pubnub.com/schemas/events/${name}`),
    data: [item],
  }),
};

const presence = {
  id: 'own',
  channel: 'room.1',
  userId: 'ann',
  occupancy: 2,
  timestamp: '2025-06-16T09:53:39.715Z',
  subKey: 'sub',
};

describe.each(Object.entries(forms))('an event %s', (_form, wrap) => {
  it.each([
    ['presence.user.channel.joined', { type: 'memberAdded', channel: 'room.1', userId: 'ann' }],
    ['presence.user.channel.left', { type: 'memberRemoved', channel: 'room.1', userId: 'ann' }],
    ['presence.user.timedout.in.channel', { type: 'memberRemoved', channel: 'room.1', userId: 'ann' }],
    ['presence.channel.state.active', { type: 'channelOccupied', channel: 'room.1' }],
    ['presence.channel.state.inactive', { type: 'channelVacated', channel: 'room.1' }],
    ['presence.channel.occupancy.counted', { type: 'other', name: 'presence.channel.occupancy.counted' }],
    ['user.created', { type: 'other', name: 'user.created' }],
    ['push.message.sending.failed', { type: 'notificationFailed', notificationId: undefined }],
    ['push.device.removed', { type: 'other', name: 'push.device.removed' }],
  ])('%s', async (name, expected) => {
    const body = wrap(name, presence);
    const events = await service().webhook(webhook(body));
    expect(told(events)).toEqual([expected]);
    const id = 'event' in body ? 'envelope' : 'own';
    expect(events[0]).toMatchObject({
      id,
      backend: 'pubnub',
      time: new Date('2025-06-16T09:53:39.715Z'),
      raw: presence,
    });
  });

  it('of a large channel, which tells at intervals who came and who went', async () => {
    // The name and the first two lists are PubNub's own example; the third list is a guess.
    const name = 'presence.channel.occupancy.counted';
    const { userId: _, ...counted } = presence;
    const item = {
      ...counted,
      occupancy: '3',
      usersJoined: ['ann', 'ben'],
      usersLeft: ['cid'],
      usersTimedout: ['dan', 5],
    };
    const push = service();
    const events = await push.webhook(webhook(wrap(name, item)));
    expect(told(events)).toEqual([
      { type: 'memberAdded', channel: 'room.1', userId: 'ann' },
      { type: 'memberAdded', channel: 'room.1', userId: 'ben' },
      { type: 'memberRemoved', channel: 'room.1', userId: 'cid' },
      { type: 'memberRemoved', channel: 'room.1', userId: 'dan' },
    ]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(4);
    expect(events[0]).toMatchObject({ raw: item, time: new Date('2025-06-16T09:53:39.715Z') });
    const nobody = await push.webhook(
      webhook(wrap(name, { ...item, id: 'x', usersJoined: [], usersLeft: null, usersTimedout: 1 })),
    );
    expect(told(nobody)).toEqual([{ type: 'other', name }]);
  });

  it('that lacks what its type needs is other', async () => {
    const events = await service().webhook(webhook(wrap('presence.user.channel.joined', { channel: 'room' })));
    expect(told(events)).toEqual([{ type: 'other', name: 'presence.user.channel.joined' }]);
  });

  it('a message', async () => {
    const item = {
      timestamp: '2025-06-05T12:53:15.888Z',
      message: { event: 'typing', data: { n: 1 }, id: 'message-id' },
      meta: null,
      senderId: 'ann',
      channel: 'chat',
      timetoken: '17491279958880737',
    };
    const push = service();
    const received: IncomingMessage[] = [];
    push.on('messageReceived', (message) => received.push(message));
    const events = await push.webhook(webhook(wrap('messages.pubsub.publish', item)));
    expect(told(events)).toEqual([
      { type: 'clientEvent', channel: 'chat', event: 'typing', data: { n: 1 }, userId: 'ann' },
    ]);
    expect(received).toEqual([{ channel: 'chat', event: 'typing', data: { n: 1 }, userId: 'ann' }]);
  });
});

describe('a message', () => {
  const item = { message: 'Hello', senderId: 'ann', channel: 'chat', timetoken: '17491279958880737' };
  const wrap = forms['without an envelope'] ?? (() => ({}));
  const heard = { type: 'clientEvent', channel: 'chat', event: 'message', userId: 'ann' };

  it.each<[string, unknown]>([
    ['a text', 'Hello'],
    ['a text that is JSON', '{"a":1}'],
    ['a number', 42],
    ['an object', { text: 'Hello' }],
    ['nothing', null],
  ])('of others, without our envelope, is the data of an event "message": %s', async (_what, message) => {
    const events = await service().webhook(webhook(wrap('messages.pubsub.publish', { ...item, message })));
    expect(told(events)).toEqual([{ ...heard, data: message }]);
    expect(events[0]?.time).toEqual(new Date(1_749_127_995_888.0737));
  });

  it.each<[string, unknown, unknown]>([
    ['a text', 'dfg', 'dfg'],
    ['a text that looks like a number', '42', '42'],
    ['an object as its JSON', '{"text":"Wake up"}', { text: 'Wake up' }],
    ['an object', { text: 'Wake up' }, { text: 'Wake up' }],
  ])('in the envelope 1 has a form of its own: %s', async (_what, message, data) => {
    const body = {
      event: {
        channel: 'chat',
        eventCategory: 'message',
        eventType: 'message.publish',
        eventId: 'event-id',
        eventPayload: { message, meta: {} },
        iso8601timestamp: '2023-11-28T12:31:32Z',
        timetoken: '17011746925168240',
        senderId: 'ann',
      },
      eventsAndActionsMetadata: { webhookMetadata: {} },
    };
    const events = await service().webhook(webhook(body));
    expect(told(events)).toEqual([{ ...heard, data }]);
    expect(events[0]).toMatchObject({ id: 'event-id', time: new Date('2023-11-28T12:31:32Z'), raw: body });
  });

  it.each(['pubsub.channel', 'pubsub:channel'])(
    'in the envelope 2 has its channel in the metadata: %s',
    async (key) => {
      const { channel, ...rest } = item;
      const body = {
        event: { id: 'e', payload: { dataSchema: schemaOf('messages.pubsub.publish'), data: [rest] } },
        metadata: { provenance: {}, [key]: channel },
      };
      expect(told(await service().webhook(webhook(body)))).toEqual([{ ...heard, data: 'Hello' }]);
    },
  );

  it('of this server itself is no client event, and fires nothing', async () => {
    const push = service({ webhookSecret: secret, userId: 'server' });
    const received: IncomingMessage[] = [];
    push.on('messageReceived', (message) => received.push(message));
    const events = await push.webhook(webhook(wrap('messages.pubsub.publish', { ...item, senderId: 'server' })));
    expect([told(events), received]).toEqual([[{ type: 'other', name: 'messages.pubsub.publish' }], []]);
  });

  it('that is a file is no client event, as no subscription would bring it', async () => {
    const file = { ...item, fileId: 'id', fileName: 'a.txt' };
    expect(told(await service().webhook(webhook(wrap('messages.pubsub.publish', file))))).toEqual([
      { type: 'other', name: 'messages.pubsub.publish' },
    ]);
  });

  it.each([
    ['12', {}],
    ['11', { PubNub: pubnub11 }],
  ])('that is encrypted is decrypted, with version %s of the package', async (_version, options) => {
    const push = service({ webhookSecret: secret, cipherKey: 'cipher-key', ...options });
    const api = push.backend.api as { encrypt(text: string): string };
    const message = api.encrypt(JSON.stringify({ event: 'typing', data: { n: 1 } }));
    expect(message).not.toContain('typing');
    expect(told(await push.webhook(webhook(wrap('messages.pubsub.publish', { ...item, message }))))).toEqual([
      { ...heard, event: 'typing', data: { n: 1 } },
    ]);
    const unreadable = { ...item, message: 'no ciphertext', timetoken: '17491279958880738' };
    expect(told(await push.webhook(webhook(wrap('messages.pubsub.publish', unreadable))))).toEqual([
      { type: 'other', name: 'messages.pubsub.publish' },
    ]);
  });
});

describe('several events', () => {
  const named = (id: string): object => ({ ...presence, id });

  it('in one envelope have ids of their own', async () => {
    const payload = { dataSchema: schemaOf('presence.channel.state.active'), data: [named('a'), named('b')] };
    const ids = async (body: object): Promise<string[]> => (await service().webhook(webhook(body))).map(({ id }) => id);
    expect(await ids(payload)).toEqual(['a', 'b']);
    expect(await ids({ event: { id: 'envelope', payload } })).toEqual(['envelope', 'envelope.1']);
  });

  it('in a list, each in its envelope, are all read', async () => {
    const wrap = forms['in the envelope 2'] ?? (() => ({}));
    const body = ['presence.channel.state.active', 'presence.channel.state.inactive'].map((name, index) => {
      const wrapped = wrap(name, presence) as { event: object };
      return { ...wrapped, event: { ...wrapped.event, id: `e${index}` } };
    });
    const events = await service().webhook(webhook(body));
    expect(events.map(({ id, type }) => [id, type])).toEqual([
      ['e0', 'channelOccupied'],
      ['e1', 'channelVacated'],
    ]);
  });
});

it('a message that is nested too deeply to be written spoils none of those that come with it', async () => {
  const item = (message: string, timetoken: string): string =>
    `{"channel":"chat","senderId":"ann","timetoken":"${timetoken}","message":${message}}`;
  const deep = item('['.repeat(15_000) + ']'.repeat(15_000), '17491279958880737');
  const rawBody = `{"dataSchema":"${schemaOf('messages.pubsub.publish')}","data":[${deep},${item('"Hi"', '17491279958880738')}]}`;
  const events = await service().webhook({ headers: { authorization: secret }, rawBody });
  expect(events.map(({ type }) => type)).toEqual(['clientEvent', 'clientEvent']);
  expect(told(events.slice(1))).toEqual([
    { type: 'clientEvent', channel: 'chat', event: 'message', data: 'Hi', userId: 'ann' },
  ]);
});

describe('an event without an id', () => {
  const { id, timestamp, ...rest } = presence;
  const body = (item: object): object => ({ dataSchema: schemaOf('presence.user.channel.joined'), data: [item] });

  it('is the same when it has the same text, with its time', async () => {
    const push = service();
    expect(await push.webhook(webhook(body({ ...rest, timestamp })))).toHaveLength(1);
    expect(await push.webhook(webhook(body({ ...rest, timestamp })))).toHaveLength(0);
    expect(await push.webhook(webhook(body({ ...rest, timestamp, occupancy: 3 })))).toHaveLength(1);
  });

  it('is never dropped when it tells no time: the same may have happened again', async () => {
    const push = service();
    for (let count = 0; count < 2; count++) expect(await push.webhook(webhook(body(rest)))).toHaveLength(1);
  });
});

it.each<[string, unknown]>([
  ['a bare object', { id: '12345', action: 'remove', device: 'token', platform: 'ios' }],
  ['nothing', null],
  ['a text', 'text'],
])('nothing is dropped of %s', async (_what, body) => {
  const [event] = await service().webhook(webhook(body));
  expect(event).toMatchObject({ type: 'other', name: '', raw: body });
});

describe('the secret', () => {
  it.each([`Bearer ${secret}`, secret, `Bearer ${next}`])(
    'is taken in the header, each of several: %s',
    async (header) => {
      const push = service({ webhookSecret: [secret, next] });
      expect(await push.webhook(webhook([], header))).toEqual([]);
    },
  );

  it('is missing or wrong: nothing is read or fired', async () => {
    const push = service();
    const received: unknown[] = [];
    push.on('messageReceived', (message) => received.push(message));
    const { rawBody } = webhook({
      dataSchema: schemaOf('messages.pubsub.publish'),
      data: [{ message: 1, channel: 'a' }],
    }) as {
      rawBody: string;
    };
    for (const headers of [{}, { authorization: next }, { authorization: `Bearer ${next}` }])
      await failureOf(
        AuthenticationError,
        push.webhook({ headers, rawBody }, (event) => received.push(event)),
      );
    expect(received).toEqual([]);
  });

  it('is not set: no webhook is taken, and the error says what to do', async () => {
    const push = service({});
    expect(push.backend.capabilities.webhooks).toBe(false);
    const failure = await failureOf(UnsupportedOperationError, push.webhook(webhook([])));
    expect(failure.message).toBe(
      'The pubnub backend cannot read webhooks: set the option "webhookSecret", and make the provider send it in the header "Authorization: Bearer …".',
    );
  });

  it.each(['short', '', ['a-secret-of-sixteen', 'short'], [], 5, 'with spaces in between it'])(
    'that is none is refused: %j',
    async (webhookSecret) => {
      const failure = await failureOf(
        ConfigurationError,
        () => new PubNubService({ ...keys, options: { webhookSecret } as PubNubOptions }),
      );
      expect(failure.message).toContain(
        '"webhookSecret" must be a string of 16 or more printable ASCII characters without spaces, or a list of such strings',
      );
    },
  );

  it.each([[secret], [[next, secret]]])('shows nowhere: %j', (webhookSecret) => {
    const backend = new PubNubService({ ...keys, options: { webhookSecret } });
    expect(JSON.stringify(backend)).not.toContain(secret);
    expect(backend.redact(`x ${secret} x`)).toBe('x [secret] x');
  });
});

it('a body that is no JSON is a ValidationError', async () => {
  const failure = await failureOf(
    ValidationError,
    service().webhook({ headers: { authorization: secret }, rawBody: '{"a":' }),
  );
  expect([failure.message, failure.backend]).toEqual(["The webhook's body is not JSON.", 'pubnub']);
});

it('whatever comes with the secret is read, and never crashes', async () => {
  const push = service();
  const part = fc.anything({ withNullPrototype: true });
  const item = fc.record(
    { id: part, channel: part, userId: part, message: part, senderId: part, timestamp: part, timetoken: part },
    { requiredKeys: [] },
  );
  const schema = fc.constantFrom(
    ...['messages.pubsub.publish', 'presence.user.channel.joined', 'push.message.sending.failed'].map(schemaOf),
  );
  const payload = fc.record({ dataSchema: fc.oneof(schema, part), data: fc.oneof(fc.array(item), part) });
  const event = fc.record(
    { id: part, payload: fc.oneof(payload, part), eventPayload: fc.oneof(item, part), channel: part },
    { requiredKeys: [] },
  );
  const bodies = fc.oneof(payload, fc.record({ event: fc.oneof(event, part), metadata: part }), part);
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const rawBody =
        JSON.stringify(body, (_key, value) => (typeof value === 'bigint' ? String(value) : value)) ?? 'null';
      const events = await push.webhook({ headers: { authorization: secret }, rawBody });
      for (const { id, time } of events) expect([typeof id, Number.isNaN(time.getTime())]).toEqual(['string', false]);
    }),
    { numRuns: 300 },
  );
});
