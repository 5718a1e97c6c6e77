import { beforeEach, describe, expect, test } from 'vitest';
import { createPushService, type PushService, ValidationError } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

let backend = new RecordingBackend();
let service: PushService;

beforeEach(() => {
  backend = new RecordingBackend({ maxPayloadBytes: 40 });
  service = createPushService({ backend });
});

/** The words of the error that `send` throws, having sent nothing. */
async function refusal(options: unknown): Promise<string> {
  const error = await failureOf(ValidationError, service.send(options as never));
  expect(backend.requests).toEqual([]);
  return error.message;
}

describe('data', () => {
  const cycle: { list: unknown[] } = { list: [{}] };
  cycle.list.push({ back: cycle });

  test.each<[string, unknown, string]>([
    ['with a cycle', cycle, '"data.list[1].back" refers back to an object that holds it (a cycle).'],
    ['with a BigInt', { price: { cents: 5n } }, '"data.price.cents" is a BigInt; use String(value).'],
    ['a function', () => 1, '"data" is a function, which JSON cannot hold.'],
    ['with a function', { on: [() => 1] }, '"data.on[0]" is a function, which JSON cannot hold.'],
    ['with a symbol', { on: Symbol('x') }, '"data.on" is a symbol, which JSON cannot hold.'],
    ['with undefined in a list', { list: [1, undefined] }, '"data.list[1]" is undefined; use null for "nothing".'],
    ['with NaN', { n: Number.NaN }, '"data.n" is NaN, which JSON turns into null.'],
    ['with Infinity', [Number.NEGATIVE_INFINITY], '"data[0]" is -Infinity, which JSON turns into null.'],
    ['a Map', new Map([['a', 1]]), '"data" is an instance of Map, whose contents JSON loses; convert it first.'],
    [
      'with a Set',
      { tags: new Set(['a']) },
      '"data.tags" is an instance of Set, whose contents JSON loses; convert it first.',
    ],
    [
      'with bytes',
      { file: new Uint8Array(2) },
      '"data.file" is an instance of Uint8Array, whose contents JSON loses; convert it first.',
    ],
    [
      'with an error',
      { error: new Error('x') },
      '"data.error" is an instance of Error, whose contents JSON loses; convert it first.',
    ],
    ['with an invalid date', { at: new Date(Number.NaN) }, '"data.at" is an invalid Date, which JSON turns into null.'],
  ])('%s', async (_what, value, words) => {
    expect(await refusal({ channels: 'a', data: value })).toBe(words);
  });

  test('nested too deeply', async () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 200_000; depth++) deep = [deep];
    expect(await refusal({ channels: 'a', data: deep })).toBe('"data" is nested too deeply to be sent as JSON.');
  });

  // '{"t":"…"}' takes 8 bytes without the text.
  test.each<[string, string, string]>([
    ['one byte', 'x'.repeat(32), 'x'],
    ['two bytes', 'é'.repeat(16), 'x'],
    ['three bytes', `${'€'.repeat(10)}xx`, 'x'],
    ['four bytes', '😀'.repeat(8), 'x'],
  ])('the limit is in bytes: characters of %s fit to the last byte', async (_what, text, more) => {
    expect(await refusal({ channels: 'a', data: { t: text + more } })).toBe(
      '"data" takes 41 bytes as JSON; the recording backend takes 40. Send less, or send a reference that the receiver fetches.',
    );
    await service.send({ channels: 'a', data: { t: text } });
    expect(Buffer.byteLength(backend.requests[0]?.message.payload ?? '')).toBe(40);
  });

  test('a notification counts towards the limit', async () => {
    const fits = { t: 'x' };
    expect(await refusal({ channels: 'a', data: fits, notification: { title: 'A long title' } })).toContain(
      '"data" takes ',
    );
  });
});
