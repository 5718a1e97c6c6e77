import { describe, expect, it, onTestFinished } from 'vitest';
import { RemoteWebSocketService, type WebSocketOptions, WebSocketService } from '../../src/backends/websocket/index.js';
import { PushError, ValidationError } from '../../src/core/errors.js';
import { createPushService, type PushService } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { Client } from './support/client.js';
import { credentials, portOf, startServer } from './support/server.js';
import { call, events } from './support/signed-call.js';

const batchEvents = { method: 'POST', path: '/apps/app/batch_events' };
/** A name of so many characters. */
const named = (length: number, prefix = ''): string => prefix.padEnd(length, 'x');

/** What the HTTP API answers to an event. */
async function answers(service: WebSocketService, change: object): Promise<readonly [status: number, text: string]> {
  const body = { name: 'x', channel: 'a', data: '', ...change };
  const { status, text } = await call(service, { ...events, body });
  return [status, text];
}

describe.each([
  ['by default', {}, 164, 200],
  ['that are shorter', { maxChannelNameLength: 20, maxEventNameLength: 10 }, 20, 10],
  ['that are longer', { maxChannelNameLength: 1000, maxEventNameLength: 1000 }, 1000, 1000],
])('names %s', (_what, options, ofChannel, ofEvent) => {
  it('are limited over HTTP', async () => {
    const service = await startServer(options);
    expect(await answers(service, { name: named(ofEvent), channel: named(ofChannel) })).toEqual([200, '{}']);
    for (const change of [{ name: named(ofEvent + 1) }, { channel: named(ofChannel + 1) }]) {
      const limit = 'name' in change ? ofEvent : ofChannel;
      expect(await answers(service, change)).toEqual([400, expect.stringContaining(`${limit} characters`)]);
    }
    const path = '/apps/app/channels/';
    expect((await call(service, { path: path + named(ofChannel) })).status).toBe(200);
    expect((await call(service, { path: path + named(ofChannel + 1) })).status).toBe(400);
  });

  it('are limited for clients', async () => {
    const service = await startServer(options);
    const [client, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
    const channel = named(ofChannel, 'private-');
    await Promise.all([client.join(service, channel), other.join(service, channel)]);
    client.send('pusher:subscribe', { channel: named(ofChannel + 1) });
    client.send(named(ofEvent + 1, 'client-'), {}, channel);
    const [refusal, error] = await client.settled();
    expect(refusal).toMatchObject({
      event: 'pusher:subscription_error',
      data: { type: 'InvalidChannel', status: 400 },
    });
    expect(error?.data).toMatchObject({ message: expect.stringContaining(`${ofEvent} characters`) });
    client.send(named(ofEvent, 'client-'), {}, channel);
    expect((await other.next(named(ofEvent, 'client-'))).channel).toBe(channel);
  });

  it('are limited in the process of the server, and in another one that knows the limits', async () => {
    const service = await startServer(options);
    for (const push of [pushOf(service), pushOf(remoteOf(service, options))]) {
      const client = await Client.connect(service);
      const channel = named(ofChannel, 'private-');
      await client.subscribe(channel, await push.channel(channel).authorize(client.socketId));
      await push.send({ event: named(ofEvent), channels: channel, data: 1 });
      expect((await client.next(named(ofEvent))).data).toBe('1');
      for (const message of [
        { event: named(ofEvent + 1), channels: channel },
        { event: 'x', channels: named(ofChannel + 1) },
      ]) {
        const refused = await failureOf(ValidationError, push.send({ ...message, data: 1 }));
        expect(refused.message).toContain(`takes ${message.event === 'x' ? ofChannel : ofEvent}`);
      }
    }
  });
});

function remoteOf(service: WebSocketService, options: WebSocketOptions): RemoteWebSocketService {
  return new RemoteWebSocketService({
    ...credentials,
    options: { host: '127.0.0.1', port: portOf(service), ...options },
  });
}

function pushOf(backend: WebSocketService | RemoteWebSocketService): PushService {
  const push = createPushService({ backend, retries: 0, logger: new RecordingLogger() });
  onTestFinished(() => push.close());
  return push;
}

it('a subscription with the longest name that may be is refused by its whole name', async () => {
  const service = await startServer({ maxChannelNameLength: 1000 });
  const client = await Client.connect(service);
  client.send('pusher:subscribe', { channel: named(1000, 'private-') });
  expect((await client.next('pusher:subscription_error')).channel).toBe(named(1000, 'private-'));
});

const channels = Array.from({ length: 12 }, (_, index) => `channel-${index}`);

describe('channels of one event and events of one batch', () => {
  const batch = (length: number) => Array.from({ length }, () => ({ name: 'x', channel: 'a', data: '' }));

  it.each([
    ['fewer', 3],
    ['more', 1000],
  ])('may be %s than by default', async (_what, limit) => {
    const service = await startServer({ maxChannelsPerEvent: limit, maxEventsPerBatch: limit });
    const list = Array.from({ length: limit + 1 }, (_, index) => `channel-${index}`);
    expect(await answers(service, { channel: undefined, channels: list.slice(1) })).toEqual([200, '{}']);
    expect(await answers(service, { channel: undefined, channels: list })).toEqual([
      400,
      `An event goes to up to ${limit} channels; this one to ${limit + 1}.`,
    ]);
    expect((await call(service, { ...batchEvents, body: { batch: batch(limit) } })).status).toBe(200);
    expect(await call(service, { ...batchEvents, body: { batch: batch(limit + 1) } })).toMatchObject({
      status: 400,
      text: `A batch has up to ${limit} events; this one has ${limit + 1}.`,
    });
  });

  it('are those of the application that they are sent to', async () => {
    const other = { appId: 'b', pubKey: 'b', secretKey: 'b', maxChannelsPerEvent: 1, maxEventsPerBatch: 2 };
    const service = await startServer({ maxChannelsPerEvent: 2, maxEventsPerBatch: 1, apps: [other] });
    const statuses = [];
    for (const as of [{ key: 'key' }, { key: 'b', secret: 'b' }]) {
      const path = `/apps/${as.key === 'b' ? 'b' : 'app'}`;
      const [toTwo, two] = [{ name: 'x', data: '', channels: ['a', 'b'] }, { batch: batch(2) }];
      for (const [endpoint, body] of [
        ['/events', toTwo],
        ['/batch_events', two],
      ] as const)
        statuses.push((await call(service, { method: 'POST', path: path + endpoint, body, ...as })).status);
    }
    expect(statuses).toEqual([200, 400, 400, 200]);
  });

  it.each([
    ['a batch', { maxEventsPerBatch: 40 }, batchEvents, { batch: Array.from({ length: 40 }, full) }],
    [
      'the channels of an event',
      { maxChannelsPerEvent: 500, maxChannelNameLength: 1000 },
      events,
      { ...full(), channel: undefined, channels: Array.from({ length: 500 }, (_, index) => named(1000, `${index}-`)) },
    ],
  ])('leave room for all of %s in one body', async (_what, options, endpoint, body) => {
    const service = await startServer(options);
    const escaped = JSON.stringify(body).replaceAll('\\"', '\\u0022');
    expect((await call(service, { ...endpoint, body: escaped })).status).toBe(200);
  });

  /** An event with as much data as there may be, of which each byte becomes six in JSON. */
  function full(): object {
    return { name: 'x', channel: 'a', data: '"'.repeat(10_240) };
  }

  it('are nothing that a send in the process of the server has to fit', async () => {
    const service = await startServer({ maxChannelsPerEvent: 5, maxEventsPerBatch: 5 });
    const { status } = await pushOf(service).send({ event: 'x', channels, data: 1 });
    expect(status).toBe('accepted');
  });

  it('make another process split by them, or refuse its send where it does not know them', async () => {
    const limits = { maxChannelsPerEvent: 5, maxEventsPerBatch: 5 };
    const service = await startServer(limits);
    const client = await Client.connect(service);
    for (const channel of channels) await client.subscribe(channel);
    await pushOf(remoteOf(service, limits)).send({ event: 'x', channels, data: 1 });
    expect((await client.settled()).map(({ channel }) => channel).toSorted()).toEqual(channels.toSorted());
    const refused = await failureOf(PushError, pushOf(remoteOf(service, {})).send({ event: 'x', channels, data: 1 }));
    expect(refused).toMatchObject({ outcome: 'rejected', message: expect.stringContaining('up to 5 channels') });
    expect(await client.settled()).toEqual([]);
  });
});

it.each([
  [{ maxChannelNameLength: 0 }, /"maxChannelNameLength" must be at least 1, found 0/],
  [{ maxEventNameLength: 1001 }, /"maxEventNameLength" must be at most 1000, found 1001/],
  [{ maxChannelsPerEvent: '5' }, /"maxChannelsPerEvent" must be of type number, found a string/],
  [{ maxEventsPerBatch: 1.5 }, /"maxEventsPerBatch" must be an integer, found 1.5/],
])('a wrong limit is refused at both ends: %j', (options, words) => {
  for (const Service of [WebSocketService, RemoteWebSocketService])
    expect(() => new Service({ ...credentials, options: options as object })).toThrow(words);
});
