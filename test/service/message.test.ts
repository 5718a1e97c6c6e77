import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type BackendCapabilities,
  createPushService,
  type OutgoingMessage,
  type PushService,
  type SessionAdapter,
} from '../../src/index.js';
import { recordedMessage } from '../support/recorded-message.js';
import { RecordingBackend } from '../support/recording-backend.js';

let backend = new RecordingBackend();
let service: PushService | undefined;

/** All that a message may have beside its event and data. */
const whole = {
  idempotencyKey: 'order-1',
  notification: { title: 'Hi' },
  except: '1.2',
  backendOptions: { ttl: 1 },
};

function start(limits: Partial<BackendCapabilities> = {}, sessions?: SessionAdapter): PushService {
  backend = new RecordingBackend(limits);
  service = createPushService({ backend, sessions });
  return service;
}

function sentMessage(): OutgoingMessage {
  const [request] = backend.requests;
  if (request === undefined) throw new Error('nothing was sent');
  return request.message;
}

afterEach(() => service?.close());

describe('a message is a snapshot', () => {
  test('what the caller changes while users are looked up does not show', async () => {
    const { promise, resolve } = Promise.withResolvers<readonly string[][]>();
    const push = start({}, { channelsFor: () => promise });
    const data = { order: { id: 1, lines: ['one'] } };
    const notification = { title: 'Shipped' };
    const options = { event: 'order', users: ['ann'], data, notification, timeout: 5000, backendOptions: { ttl: 1 } };
    const sending = push.send(options);
    data.order.id = 2;
    data.order.lines.push('two');
    notification.title = 'Changed';
    options.backendOptions.ttl = 2;
    options.users.push('zoe');
    Object.assign(options, { event: 'other', users: undefined, timeout: -1, data: null });
    resolve([['ann-1']]);
    const report = await sending;
    expect(report).toMatchObject({ event: 'order', channels: ['ann-1'], unreachable: [] });
    expect({ ...sentMessage() }).toEqual({
      id: report.id,
      event: 'order',
      data: { order: { id: 1, lines: ['one'] } },
      notification: { title: 'Shipped' },
      backendOptions: { ttl: 1 },
    });
  });

  test('what the caller changes after the call, before a backend has opened, does not show', async () => {
    const push = start();
    const data = { id: 1 };
    const sending = push.send({ channels: 'a', data });
    data.id = 2;
    await sending;
    expect(sentMessage().data).toEqual({ id: 1 });
    expect(sentMessage().payload).toBe('{"id":1}');
  });

  test("the caller's objects are never changed: frozen ones are sent as well", async () => {
    const deepFrozen = Object.freeze({
      event: 'order',
      channels: Object.freeze(['a', 'b', 'a']),
      data: Object.freeze({ list: Object.freeze([Object.freeze({ id: 1 })]) }),
      notification: Object.freeze({ title: 'Hello' }),
      backendOptions: Object.freeze({ deep: Object.freeze({}) }),
    });
    const before = structuredClone(deepFrozen);
    await start().send(deepFrozen);
    expect(deepFrozen).toEqual(before);
  });

  test("the backend that changes its data does not change the caller's", async () => {
    const push = start();
    backend.answer = ({ message }) => void Object.assign(message.data as object, { id: 'changed' });
    const data = { id: 1 };
    await push.send({ channels: 'a', data });
    expect(data).toEqual({ id: 1 });
  });
});

describe('what a backend gets', () => {
  test('data reads as what JSON makes of it, and stays the same object', async () => {
    const at = new Date(Date.UTC(2026, 0, 2));
    await start().send({ channels: 'a', data: { at, none: undefined, list: [1, 'two', null, true] } });
    const message = sentMessage();
    expect(message.data).toEqual({ at: '2026-01-02T00:00:00.000Z', list: [1, 'two', null, true] });
    expect(message.data).toBe(message.data);
  });

  test('null is data too', async () => {
    await start().send({ channels: 'a', data: null });
    expect(sentMessage().data).toBeNull();
    expect(sentMessage().payload).toBe('null');
  });

  test.each<[string, object, object]>([
    ['that is bare', {}, {}],
    ['with all that it may have', whole, whole],
    ['whose data is null', { data: null }, { data: null }],
  ])('a copy and the JSON of a message %s hold its data once, and no payload', async (_what, given, expected) => {
    await start({ idempotencyKey: true }).send({ event: 'e', channels: 'a', data: { x: 1 }, ...given });
    const message = sentMessage();
    const copy = { id: message.id, event: 'e', data: { x: 1 }, ...expected };
    const all = ['id', 'idempotencyKey', 'event', 'data', 'notification', 'except', 'backendOptions'];
    const keys = all.filter((key) => key in copy);
    expect({ ...message }).toStrictEqual(copy);
    expect(Object.assign({}, message)).toStrictEqual(copy);
    expect(structuredClone(message)).toStrictEqual(copy);
    expect(JSON.parse(JSON.stringify(message))).toStrictEqual(copy);
    expect(Object.keys(message)).toEqual(keys);
    expect(Object.keys(JSON.parse(JSON.stringify(message)))).toEqual(keys);
    expect(JSON.parse(message.payload)).toMatchObject(copy.data ?? {});
  });

  test('a message that is recorded says so in its copies, and no other does', () => {
    const message = recordedMessage('e', { x: 1 }, 'id-1');
    const copy = { id: 'id-1', event: 'e', data: { x: 1 }, isRecorded: true };
    expect({ ...message }).toStrictEqual(copy);
    expect(JSON.parse(JSON.stringify(message))).toStrictEqual(copy);
  });

  test('data is read from its JSON when it is asked for, and its payload cannot be changed', async () => {
    await start().send({ event: 'e', channels: 'a', data: { x: 1 } });
    const message = sentMessage();
    const parse = vi.spyOn(JSON, 'parse');
    onTestFinished(() => void parse.mockRestore());
    expect([message.id, message.event, message.payload]).toEqual([expect.any(String), 'e', '{"x":1}']);
    expect(parse).not.toHaveBeenCalled();
    expect(message.data).toEqual({ x: 1 });
    expect(message.data).toEqual({ x: 1 });
    expect(parse).toHaveBeenCalledTimes(1);
    for (const key of ['data', 'payload']) expect(() => Object.assign(message, { [key]: 1 })).toThrow(TypeError);
  });

  test('one message object serves all channels', async () => {
    await start().send({ channels: ['a', 'b', 'c'], data: 1 });
    expect(new Set(backend.requests.map(({ message }) => message)).size).toBe(1);
  });

  test('keys that JavaScript treats specially arrive as plain data', async () => {
    const data: unknown = JSON.parse('{"__proto__":{"admin":true},"constructor":1,"toString":"x"}');
    await start().send({ channels: 'a', data });
    expect(sentMessage().payload).toBe('{"__proto__":{"admin":true},"constructor":1,"toString":"x"}');
    expect(Object.keys(sentMessage().data as object)).toEqual(['__proto__', 'constructor', 'toString']);
  });
});

describe('a notification', () => {
  test.each([
    ['an object', { id: 1 }, '{"id":1,"notification":{"title":"Hi"}}'],
    ['an empty object', {}, '{"notification":{"title":"Hi"}}'],
    ['null', null, '{"notification":{"title":"Hi"}}'],
    ['a list', [1, 2], '{"data":[1,2],"notification":{"title":"Hi"}}'],
    ['a text', 'text', '{"data":"text","notification":{"title":"Hi"}}'],
  ])('goes on the wire beside data that is %s', async (_what, data, payload) => {
    await start().send({ channels: 'a', data, notification: { title: 'Hi' } });
    expect(sentMessage().payload).toBe(payload);
    expect(sentMessage().data).toEqual(data);
    expect(sentMessage().notification).toEqual({ title: 'Hi' });
  });

  test('is handed to the backend with all its fields', async () => {
    const notification = { title: 'Hi', body: 'There', url: 'https://example.com/', locale: 'pt-BR' };
    await start().send({ channels: 'a', data: null, notification });
    expect(sentMessage().notification).toEqual(notification);
  });
});

describe('except', () => {
  test.each([
    ['a socket id', '12.34'],
    ['a web request', new Request('http://localhost/', { headers: { 'X-Socket-ID': '12.34' } })],
    ['a Node request', { headers: { 'x-socket-id': '12.34' } }],
  ])('may be %s', async (_what, except) => {
    await start().send({ channels: 'a', data: 1, except });
    expect(sentMessage().except).toBe('12.34');
  });

  test('a request without the header leaves nobody out', async () => {
    await start().send({ channels: 'a', data: 1, except: new Request('http://localhost/') });
    expect(sentMessage()).not.toHaveProperty('except');
  });
});

test('a channel handle triggers an event on its channel', async () => {
  const report = await start().channel('orders').trigger('shipped', { id: 1 }, { except: '1.1' });
  expect(report).toMatchObject({ event: 'shipped', channels: ['orders'], status: 'accepted' });
  expect(sentMessage()).toMatchObject({ event: 'shipped', data: { id: 1 }, except: '1.1' });
});
