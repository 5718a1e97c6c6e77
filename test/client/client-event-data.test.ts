import { describe, expect, it, onTestFinished } from 'vitest';
import { PushClient } from '../../src/client/index.js';
import { createPushService, ValidationError } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { FakePusher } from './fake-pusher.js';

// What JSON loses of an event's data arrives as `{}` or null, and nobody is told.

function trigger(data: unknown): boolean {
  const config = { backend: 'websocket', key: 'key', host: 'localhost', channels: [] };
  const client = new PushClient(config, { Pusher: FakePusher });
  client.connect();
  client.subscribe('private-a');
  for (const channel of FakePusher.last?.channels.values() ?? []) channel.subscribed = true;
  return client.channel('private-a').trigger('client-a', data);
}

/** What a server answers to the same data. */
async function send(data: unknown): Promise<unknown> {
  const push = createPushService({ backend: 'console', logger: { ...console, info: () => {} } });
  onTestFinished(() => push.close());
  return push.send({ channels: 'a', event: 'a', data: data as never });
}

const lost: readonly [what: string, value: unknown, kind: string][] = [
  ['a Map', new Map([['a', 1]]), 'Map'],
  ['a Set', new Set([1]), 'Set'],
  ['a WeakMap', new WeakMap(), 'WeakMap'],
  ['a Promise', Promise.resolve(1), 'Promise'],
  ['an expression', /a/, 'RegExp'],
  ['an error', new Error('failed'), 'Error'],
  ['a Blob', new Blob(['a']), 'Blob'],
  ['a File', new File(['a'], 'a.txt'), 'File'],
  ['a form', new FormData(), 'FormData'],
  ['parameters of an address', new URLSearchParams('a=1'), 'URLSearchParams'],
  ['headers', new Headers({ a: '1' }), 'Headers'],
  ['a request', new Request('https://shop.example'), 'Request'],
  ['a response', new Response('a'), 'Response'],
  ['a stream', new ReadableStream(), 'ReadableStream'],
  ['a signal', new AbortController().signal, 'AbortSignal'],
  ['a buffer', new ArrayBuffer(2), 'ArrayBuffer'],
  ['a shared buffer', new SharedArrayBuffer(2), 'SharedArrayBuffer'],
  ['bytes', new Uint8Array(2), 'Uint8Array'],
  ['an iterator', [1].values(), 'Array Iterator'],
  ['a generator', (function* () {})(), 'Generator'],
  ['a function', () => 1, 'Function'],
  ['a symbol', Symbol('a'), 'Symbol'],
  ['a BigInt', 1n, 'BigInt'],
  ['no number', Number.NaN, 'NaN'],
  ['an endless number', Number.NEGATIVE_INFINITY, '-Infinity'],
];

describe.each(lost)('trigger refuses %s, as a server does,', (_, value, kind) => {
  it('as the data and within it, with its key and its kind', async () => {
    expect(() => trigger(value)).toThrow(new TypeError(`JSON loses "data", which is ${kind}.`));
    expect(() => trigger({ a: [{ file: value }] })).toThrow(new TypeError(`JSON loses "file", which is ${kind}.`));
    expect(() => trigger([0, value])).toThrow(new TypeError(`JSON loses "1", which is ${kind}.`));
    expect(FakePusher.last?.channels.get('private-a')?.triggered).toEqual([]);
    await failureOf(ValidationError, send(value));
  });
});

it('trigger refuses a cycle, and undefined in a list, as a server does', async () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  expect(() => trigger(cycle)).toThrow(TypeError);
  expect(() => trigger([undefined])).toThrow(new TypeError('JSON loses "0", which is Undefined.'));
  for (const data of [cycle, [undefined]]) await failureOf(ValidationError, send(data));
});

class Order {
  readonly id = 42;
}

class Price {
  readonly #cents = 4200;
  toJSON(): number {
    return this.#cents;
  }
}

it.each<[string, unknown]>([
  ['null', null],
  ['a text', ''],
  ['true', true],
  ['numbers', [0, -0, -1.5, 1e21, 5e-324, Number.MAX_SAFE_INTEGER]],
  ['an object without a class', Object.assign(Object.create(null), { a: 1 })],
  ['a key without a value', { a: 1, b: undefined }],
  ['an instance with keys', new Order()],
  ['what has a toJSON', { at: new Date(0), price: new Price(), url: new URL('https://shop.example') }],
  ['values in objects', [Object(1), Object('a'), Object(false)]],
  ['the same object twice', ((same) => [same, same])({ a: 1 })],
])('trigger takes %s, as a server does', async (_, data) => {
  expect(trigger(data)).toBe(true);
  expect(FakePusher.last?.channels.get('private-a')?.triggered).toHaveLength(1);
  expect(await send(data)).toMatchObject({ status: 'accepted' });
});
