import { describe, expect, test } from 'vitest';
import { failover } from '../../../src/backends/composite/failover.js';
import { fanout } from '../../../src/backends/composite/fanout.js';
import { roundrobin } from '../../../src/backends/composite/roundrobin.js';
import { ConsoleService } from '../../../src/backends/console/index.js';
import { PubNubService } from '../../../src/backends/pubnub/index.js';
import { WebSocketService } from '../../../src/backends/websocket/index.js';
import {
  type AnyBackend,
  type BackendMessageOptions,
  type EventParts,
  type OutgoingMessage,
  type SendOptions,
  UnsupportedOperationError,
  ValidationError,
} from '../../../src/index.js';
import { failureOf } from '../../support/failure-of.js';
import { NamedBackend } from './support/named-backend.js';
import { serviceOf } from './support/service.js';

const short = { pattern: /^[a-z]+$/, maxLength: 3, allowed: 'letters' };

/** Wraps each event, and refuses channels and options that it does not like. */
class Choosy extends NamedBackend {
  override encode({ id, event, json }: EventParts): string {
    return `{"event":"${event}","id":"${id.length}","data":${json}}`;
  }

  override checkMessage({ backendOptions }: BackendMessageOptions): void {
    if (backendOptions !== undefined && 'bad' in backendOptions) throw new ValidationError('Choosy takes no "bad".');
  }

  override checkChannels(channels: readonly string[], { payload }: OutgoingMessage): void {
    if (channels.includes('secret')) throw new ValidationError(`Choosy has no secrets: ${payload}`);
  }
}

describe.each([failover, roundrobin, fanout])('before anything is sent, $name', (make) => {
  async function refused(backends: readonly AnyBackend[], options: object): Promise<string> {
    const { push } = serviceOf(make(...backends));
    const message = { channels: 'x', event: 'e', data: 1, ...options } as SendOptions;
    const error = await failureOf(ValidationError, push.send(message));
    for (const backend of backends) if (backend instanceof NamedBackend) expect(backend.requests).toEqual([]);
    return error.message;
  }

  test('holds names against the rules of each backend', async () => {
    const backends = (): AnyBackend[] => [
      new NamedBackend('any'),
      new NamedBackend('short', { channelName: short, eventName: short }),
    ];
    expect(await refused(backends(), { channels: ['ok', 'too-long'] })).toBe(
      'The channel "too-long…" has 8 characters; the short backend takes 3.',
    );
    expect(await refused(backends(), { event: 'E' })).toBe(
      'The event "E" has characters that the short backend does not take; it takes letters.',
    );
    expect(await refused(backends(), { channels: undefined, users: [{ id: 'ann' }], event: 'E' })).toContain(
      'the short backend',
    );
    const sessions = { channelsFor: async () => [['Ann']] };
    const { push } = serviceOf(make(...backends()), { sessions });
    const error = await failureOf(ValidationError, push.send({ users: 'ann', event: 'e', data: 1 }));
    expect(error.message).toContain('The channel "Ann" has characters that the short backend does not take');
  });

  test('holds the size of what each backend makes of the data against its limit', async () => {
    const backends = (): AnyBackend[] => [
      new NamedBackend('roomy', { maxPayloadBytes: 100 }),
      new Choosy('choosy', { maxPayloadBytes: 60 }),
    ];
    const data = 'x'.repeat(40);
    expect(await refused(backends(), { data })).toMatch(
      /^"data" takes 7\d bytes as JSON; the choosy backend takes 60\. /,
    );
    expect(await refused(backends(), { data: data.repeat(2) })).toMatch(
      /^"data" takes 82 bytes as JSON; the \w+\(roomy, choosy\) backend takes 60\. /,
    );
  });

  test('asks each backend about the message and its channels', async () => {
    const backends = (): AnyBackend[] => [new NamedBackend('a'), new Choosy('choosy')];
    expect(await refused(backends(), { channels: ['a', 'secret'] })).toBe(
      'Choosy has no secrets: {"event":"e","id":"36","data":1}',
    );
    expect(await refused(backends(), { backendOptions: { choosy: { bad: 1 } } })).toBe('Choosy takes no "bad".');
  });

  test('takes options that are named after its backends, and no others', async () => {
    const [a, b] = [new NamedBackend('a'), new NamedBackend('bee')];
    expect(await refused([a, b], { backendOptions: { beee: {} } })).toMatch(
      /^"backendOptions" of \w+\(a, bee\) are named after its backends: "beee" is none of its backends; did you mean "bee"\?$/,
    );
    expect(await refused([new NamedBackend('a'), new NamedBackend('b')], { backendOptions: { a: 5 } })).toContain(
      '"a" must be an object.',
    );
  });

  test('knows what all of its backends can do at once', () => {
    const few = new NamedBackend('few', {
      maxChannelsPerRequest: 3,
      maxMessagesPerRequest: 8,
      sharesRequest: (name) => name !== 'x',
    });
    const many = new NamedBackend('many', {
      maxChannelsPerRequest: 9,
      maxMessagesPerRequest: 2,
      sharesRequest: (name) => name !== 'y',
    });
    const { capabilities } = make(
      few,
      many,
      new NamedBackend('a', { maxChannelsPerRequest: 5, maxMessagesPerRequest: 5 }),
    );
    expect(capabilities).toMatchObject({
      maxChannelsPerRequest: 3,
      maxMessagesPerRequest: 2,
      except: true,
      idempotent: false,
    });
    expect(['x', 'y', 'z'].map((name) => capabilities.sharesRequest?.(name))).toEqual([false, false, true]);
    const alike = make(new NamedBackend('a', { channelName: short }), new NamedBackend('b', { channelName: short }));
    expect(alike.capabilities.channelName).toBe(short);
    expect(alike.capabilities).not.toHaveProperty('sharesRequest');
  });

  test('has no "except" when one of its backends has none', async () => {
    const { push } = serviceOf(make(new NamedBackend('a'), new NamedBackend('b', { except: false })));
    await failureOf(UnsupportedOperationError, push.send({ channels: 'x', data: 1, except: '1.1' }));
  });
});

test('each backend gets the message in its own encoding, with its own options, made once', async () => {
  const [a, b] = [new NamedBackend('a'), new Choosy('choosy')];
  const { push } = serviceOf(fanout(a, b));
  const backendOptions = { a: { ttl: 5 } };
  await push.send({ channels: ['x', 'y'], event: 'e', data: [1], backendOptions });
  const [toA, toB] = [a.requests, b.requests].map((requests) => requests.map(({ message }) => message));
  expect(toA?.[0]).toMatchObject({ payload: '[1]', backendOptions: { ttl: 5 }, data: [1] });
  expect(toB?.[0]).toMatchObject({ payload: '{"event":"e","id":"36","data":[1]}', data: [1] });
  expect(toB?.[0]).not.toHaveProperty('backendOptions');
  expect([toA?.[1], toB?.[1]]).toEqual([toA?.[0], toB?.[0]]);
  expect(toA?.[1]).toBe(toA?.[0]);
});

test('channels that cannot share a request do not, though they come together with other messages', async () => {
  const limits = {
    maxChannelsPerRequest: 10,
    maxMessagesPerRequest: 10,
    sharesRequest: (name: string) => name !== 'x',
  };
  const [a, b] = [new NamedBackend('a', limits), new NamedBackend('b', limits)];
  const { push } = serviceOf(fanout(a, b));
  await push.sendMany([{ channels: ['x', 'y', 'z'], data: 1 }]);
  await push.sendMany([{ channels: ['y', 'z'], data: 1 }]);
  for (const { requests } of [a, b])
    expect(requests.map(({ method, channels }) => [method, channels.toSorted()])).toEqual([
      ['sendMessages', ['x', 'y', 'z']],
      ['sendBatch', ['y', 'z']],
    ]);
});

test('options of a composite within another one are named after that', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new NamedBackend(name)) as [NamedBackend, NamedBackend, NamedBackend];
  const { push } = serviceOf(fanout(failover(a, b), c));
  await push.send({ channels: 'x', data: 1, backendOptions: { 'failover(a, b)': { a: { ttl: 5 } }, c: { ttl: 6 } } });
  expect(a.requests[0]?.message.backendOptions).toEqual({ ttl: 5 });
  expect(c.requests[0]?.message.backendOptions).toEqual({ ttl: 6 });
});

test('data is turned into JSON by the first backend that has an encoder of its own', async () => {
  const [a, b] = [new NamedBackend('a'), new NamedBackend('b')];
  b.stringify = (data) => JSON.stringify(data, (_key, value) => (typeof value === 'bigint' ? String(value) : value));
  const { push } = serviceOf(fanout(a, b));
  await push.send({ channels: 'x', data: { id: 42n } });
  expect([a, b].map(({ requests }) => requests[0]?.message.payload)).toEqual(['{"id":"42"}', '{"id":"42"}']);
  expect(fanout(new NamedBackend('a'), new NamedBackend('b')).stringify).toBeUndefined();
});

describe('what is not sending', () => {
  const credentials = { appId: 'app', pubKey: 'key', secretKey: 'open-sesame' };

  test('is done by the first backend that can', async () => {
    const server = new WebSocketService({ ...credentials, options: { publicUrl: 'https://push.example.com' } });
    const other = new WebSocketService({ ...credentials, pubKey: 'other' });
    const backend = failover(new ConsoleService({ options: { stream: { write: () => true } } }), server, other);
    const { push } = serviceOf(backend);
    expect((await push.channel('private-x').authorize('1.1')).auth).toMatch(/^key:/);
    expect((await backend.authenticateUser('1.1', { id: 'ann' })).auth).toMatch(/^key:/);
    expect(await push.channel('x').info()).toEqual({ occupied: false, subscriptionCount: 0 });
    expect(await push.channel('presence-x').users()).toEqual([]);
    expect(await push.clientConfig()).toMatchObject({ backend: 'websocket', key: 'key', host: 'push.example.com' });
  });

  test('knows clients as the backend does that authorises them, and lets them have one answer for several channels', async () => {
    const pubnub = new PubNubService({ pubKey: 'pub', subKey: 'sub', secretKey: 'sec' });
    const grants: unknown[] = [];
    pubnub.authorizeChannels = async (...parameters) => {
      grants.push(parameters);
      return { auth: 'token' };
    };
    const { push } = serviceOf(failover(new ConsoleService({ options: { stream: { write: () => true } } }), pubnub));
    expect(push.backend.capabilities.clientIs).toBe('user');
    push.authorize('orders.{id}', () => true);
    expect(await push.authorizeChannel({ channel: ['orders.1', 'orders.2'], user: 'ann', socketId: 'ben' })).toEqual({
      auth: 'token',
      channels: ['orders.1', 'orders.2'],
      refused: [],
    });
    expect(grants).toEqual([['ann', ['orders.1', 'orders.2']]]);
    expect(failover(new ConsoleService(), new WebSocketService(credentials)).authorizeChannels).toBeUndefined();
  });

  test('is refused when none can', async () => {
    const can = { authorize: false, presence: false, subscribe: false };
    const backend = failover(new NamedBackend('a', can), new NamedBackend('b', can));
    const { push } = serviceOf(backend);
    for (const work of [
      () => push.channel('private-x').authorize('1.1'),
      () => backend.authenticateUser('1.1', { id: 'ann' }),
      push.channel('x').info(),
      push.channel('x').users(),
      push.subscribe('x'),
      backend.unsubscribe('x'),
    ])
      await failureOf(UnsupportedOperationError, work);
    expect(await push.clientConfig()).toEqual({ backend: 'a', channels: [] });
  });
});
