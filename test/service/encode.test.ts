import { describe, expect, test } from 'vitest';
import { failover } from '../../src/backends/composite/failover.js';
import {
  ConfigurationError,
  createPushService,
  type PushServerSettings,
  type ServiceSettings,
  ValidationError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

class Money {
  readonly cents: bigint;

  constructor(cents: bigint) {
    this.cents = cents;
  }

  toJSON(): never {
    throw new Error('asked before the setting');
  }
}

function encode(value: unknown): unknown {
  if (value instanceof Date) return value.getTime();
  if (value instanceof Money) return { cents: value.cents };
  if (value instanceof Set) return [...value];
  return typeof value === 'bigint' ? String(value) : value;
}

/** The payload that the data goes out as. */
async function payloadOf(data: unknown, settings: ServiceSettings): Promise<string | undefined> {
  const backend = new RecordingBackend();
  await createPushService({ backend, ...settings }).send({ event: 'e', channels: 'a', data });
  return backend.requests[0]?.message.payload;
}

describe('the setting encode', () => {
  test('stands in for values wherever they are, before their toJSON is asked, and leaves the rest', async () => {
    const data = {
      at: new Date(5),
      prices: [new Money(7n), new Set([new Date(6)])],
      text: 'x',
      none: null,
      left: undefined,
    };
    expect(await payloadOf(data, { encode })).toBe('{"at":5,"prices":[{"cents":"7"},[6]],"text":"x","none":null}');
    expect(data.at).toEqual(new Date(5));
    expect(await payloadOf(new Date(5), { encode })).toBe('5');
    expect(await payloadOf(undefined, { encode })).toBe('{}');
  });

  test('gets the key of each value', async () => {
    const keys: string[] = [];
    await payloadOf(
      { a: [1, { b: 2 }] },
      {
        encode: (value, key) => {
          keys.push(key);
          return value;
        },
      },
    );
    expect(keys).toEqual(['', 'a', '0', '1', 'b']);
  });

  test('may leave values to toJSON, write raw JSON, and take keys away', async () => {
    const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
    const data = { at: new Date(0), id: 12345678901234567890n, secret: 'x', ['__proto__']: 1 };
    expect(
      await payloadOf(data, {
        encode: (value, key) =>
          typeof value === 'bigint' ? rawJSON(String(value)) : key === 'secret' ? undefined : value,
      }),
    ).toBe('{"at":"1970-01-01T00:00:00.000Z","id":12345678901234567890,"__proto__":1}');
  });

  test.each<[string, (value: unknown) => unknown, unknown, string]>([
    [
      'returns what JSON loses',
      (value) => value,
      { list: [new Map()] },
      '"data.list[0]" is an instance of Map, whose contents JSON loses; convert it first.',
    ],
    [
      'throws',
      (value) => {
        if (value === 5) throw new TypeError('five');
        return value;
      },
      { list: [4, 5] },
      'The setting "encode" failed at "data.list[1]".',
    ],
    ['always makes another object', (value) => ({ value }), 1, '"data" is nested too deeply to be sent as JSON.'],
  ])('that %s is an error before anything is sent', async (_what, wrong, data, words) => {
    const backend = new RecordingBackend();
    const push = createPushService({ backend, encode: wrong });
    expect((await failureOf(ValidationError, push.send({ channels: 'a', data }))).message).toBe(words);
    expect(backend.requests).toEqual([]);
  });

  test('refuses a cycle, and names it', async () => {
    const cycle: { back?: unknown } = {};
    cycle.back = cycle;
    const push = createPushService({ backend: new RecordingBackend(), encode: (value) => value });
    expect((await failureOf(ValidationError, push.send({ channels: 'a', data: cycle }))).message).toBe(
      '"data.back" refers back to an object that holds it (a cycle).',
    );
  });

  test('goes before the encoder of a backend, and through a composite', async () => {
    const [own, other] = [new RecordingBackend(), new RecordingBackend()];
    own.stringify = (data) => JSON.stringify({ wrapped: data });
    const backend = failover(own, other);
    await createPushService({ backend, encode }).send({ channels: 'a', data: { at: new Date(5) } });
    expect(own.requests[0]?.message.payload).toBe('{"wrapped":{"at":5}}');
  });
});

describe('the setting defaultEvent', () => {
  test('is the event of messages that name none', async () => {
    const backend = new RecordingBackend();
    const push = createPushService({ backend, defaultEvent: 'message' });
    await push.send({ channels: 'a' });
    await push.sendMany([{ channels: 'a' }, { event: 'e', channels: 'b' }]);
    expect(backend.requests.map(({ message }) => message.event)).toEqual(['message', 'message', 'e']);
  });

  test('may stand in a DSN', async () => {
    const push = createPushService('console:?defaultEvent=42');
    expect((await push.send({ channels: 'a' })).event).toBe('42');
  });
});

test.each<[object, string]>([
  [
    { encode: 'json' },
    '"encode" must be a function (value, key) that returns what is sent for the value, found a string',
  ],
  [{ defaultEvent: '' }, '"defaultEvent" must not be empty, found an empty string'],
])('refuses the settings %j', async (settings, words) => {
  const error = await failureOf(ConfigurationError, () =>
    createPushService({ backend: 'console', ...settings } as PushServerSettings),
  );
  expect(error.message).toBe(`PUSH_SERVER: ${words}.`);
});
