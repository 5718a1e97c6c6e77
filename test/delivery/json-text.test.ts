import { Readable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonText } from '../../src/delivery/json-text.js';
import { ValidationError } from '../../src/index.js';

describe('what JSON keeps', () => {
  test('goes as JSON.stringify writes it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(jsonText(value)).toBe(JSON.stringify(value));
      }),
    );
  });

  test('a shared object that is no cycle is written twice', () => {
    const shared = { id: 1 };
    expect(jsonText({ a: shared, b: [shared, shared] })).toBe('{"a":{"id":1},"b":[{"id":1},{"id":1}]}');
  });

  test('an instance goes as its own fields', () => {
    class Order {
      id = 1;
      readonly #hidden = 2;
      get total(): number {
        return this.#hidden;
      }
    }
    expect(jsonText({ order: new Order() })).toBe('{"order":{"id":1}}');
    expect(jsonText(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}');
  });

  test('a key whose value is undefined is left out', () => {
    expect(jsonText({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  test('boxed values and half characters go as JSON writes them', () => {
    expect(jsonText([Object(5), Object('x'), Object(true), '\ud800'])).toBe('[5,"x",true,"\\ud800"]');
  });
});

describe('an instance whose contents JSON would lose', () => {
  class Hidden {
    readonly #total = 1;
    get total(): number {
      return this.#total;
    }
  }
  function* numbers(): Generator<number> {
    yield 1;
  }
  const lost: [string, object][] = [
    ['Blob', new Blob(['a'])],
    ['File', new File(['a'], 'a.txt')],
    ['FormData', new FormData()],
    ['URLSearchParams', new URLSearchParams('a=1')],
    ['Headers', new Headers({ a: 'b' })],
    ['Request', new Request('http://a/')],
    ['Response', new Response('a')],
    ['ReadableStream', new ReadableStream()],
    ['WritableStream', new WritableStream()],
    ['TransformStream', new TransformStream()],
    ['SharedArrayBuffer', new SharedArrayBuffer(1)],
    ['AbortSignal', new AbortController().signal],
    ['AbortController', new AbortController()],
    ['WeakRef', new WeakRef({})],
    ['Readable', Readable.from(['a'])],
    ['Hidden', new Hidden()],
    ['Map', runInNewContext('new Map([[1, 2]])') as object],
  ];

  test.each(lost)('is refused with its path: %s', (name, value) => {
    const words = `is an instance of ${name}, whose contents JSON loses; convert it first.`;
    expect(() => jsonText(value)).toThrow(new ValidationError(`"data" ${words}`));
    expect(() => jsonText({ list: [0, { file: value }] })).toThrow(new ValidationError(`"data.list[1].file" ${words}`));
  });

  test.each([
    'Blob',
    'File',
    'FormData',
    'URLSearchParams',
    'Headers',
    'Request',
    'Response',
    'ReadableStream',
    'AbortSignal',
  ])('is refused also when it was given a key: %s', (name) => {
    const value = lost.find(([found]) => found === name)?.[1] ?? {};
    expect(() => jsonText(Object.assign(value, { path: 'a.txt' }))).toThrow(/JSON loses/);
  });

  test.each<[string, object]>([
    ['a generator', numbers()],
    ['the iterator of a list', [1].values()],
    ['the iterator of a Map', new Map().entries()],
  ])('is refused: %s', (_, value) => {
    expect(() => jsonText({ list: value })).toThrow(/^"data\.list" is an instance of .*, whose contents JSON loses/);
  });

  test('is sent when it has a toJSON, and when it is a plain object of another realm', () => {
    expect(jsonText(Object.assign(new Hidden(), { toJSON: () => 1 }))).toBe('1');
    expect(jsonText(runInNewContext('({ a: {}, b: [] })'))).toBe('{"a":{},"b":[]}');
    expect(jsonText({})).toBe('{}');
  });
});

describe('toJSON', () => {
  test('decides what an object goes as, wherever it is', () => {
    const money = { cents: 5n, toJSON: () => '0.05' };
    expect(jsonText({ price: money, list: [money], url: new URL('http://a/') })).toBe(
      '{"price":"0.05","list":["0.05"],"url":"http://a/"}',
    );
  });

  test('may return the object itself', () => {
    class Order {
      id = 1;
      toJSON(): this {
        return this;
      }
    }
    expect(jsonText([new Order()])).toBe('[{"id":1}]');
  });

  test('is asked with the key, as JSON.stringify does', () => {
    const keys: string[] = [];
    jsonText({ price: { toJSON: (key: string) => keys.push(key) } });
    expect(keys).toEqual(['price', 'price']);
  });

  test.each<[string, unknown, string]>([
    ['undefined', undefined, '"data.x" is undefined; use null for "nothing".'],
    ['a Map', new Map(), '"data.x" is an instance of Map, whose contents JSON loses; convert it first.'],
    ['an object with a BigInt', { n: 1n }, '"data.x.n" is a BigInt; use String(value).'],
    ['a function', () => 1, '"data.x" is a function, which JSON cannot hold.'],
  ])('that returns %s is refused', (_what, result, words) => {
    expect(() => jsonText({ x: { toJSON: () => result } })).toThrow(new ValidationError(words));
  });

  test('that throws is refused with the cause', () => {
    const cause = new Error('not now');
    const data = {
      toJSON: () => {
        throw cause;
      },
    };
    expect(() => jsonText(data)).toThrow(
      expect.objectContaining({ code: 'VALIDATION', message: '"data" could not be turned into JSON.', cause }),
    );
  });
});

test('whatever the value, the text reads back as what was given, or the value is refused', () => {
  const tricky = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withNullPrototype: true,
    withSparseArray: true,
    withBoxedValues: false,
  });
  fc.assert(
    fc.property(tricky, (value) => {
      let text: string;
      try {
        text = jsonText(value);
      } catch (error) {
        expect(error).toBeInstanceOf(ValidationError);
        return;
      }
      expect(JSON.parse(text)).toEqual(withoutUndefined(value));
    }),
    { numRuns: 2000 },
  );
});

/** What must arrive: dates as texts, keys that are undefined left out, -0 as 0. */
function withoutUndefined(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, inner]) => inner !== undefined)
        .map(([key, inner]) => [key, withoutUndefined(inner)]),
    );
  }
  return Object.is(value, -0) ? 0 : value;
}
