import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/index.js';
import { type DsnSettings, parseDsn } from '../../src/settings/dsn.js';

describe('a DSN', () => {
  test.each<[string, DsnSettings]>([
    ['console:', { backend: 'console' }],
    ['console://', { backend: 'console' }],
    ['console:?format=json', { backend: 'console', options: { format: 'json' } }],
    ['websocket://key:secret@app', { backend: 'websocket', pubKey: 'key', secretKey: 'secret', appId: 'app' }],
    ['websocket://key:secret@app/', { backend: 'websocket', pubKey: 'key', secretKey: 'secret', appId: 'app' }],
    [
      'websocket://key:secret@app?port=6001',
      { backend: 'websocket', pubKey: 'key', secretKey: 'secret', appId: 'app', options: { port: 6001 } },
    ],
    ['WebSocket://key:secret@app', { backend: 'websocket', pubKey: 'key', secretKey: 'secret', appId: 'app' }],
    ['  websocket://key:secret@app\n', { backend: 'websocket', pubKey: 'key', secretKey: 'secret', appId: 'app' }],
    [
      'pubnub://pub@sub?userId="42"&cipherKey="true"&ttl=24',
      { backend: 'pubnub', pubKey: 'pub', subKey: 'sub', options: { userId: '42', cipherKey: 'true', ttl: 24 } },
    ],
    ['onesignal://:rest@app', { backend: 'onesignal', secretKey: 'rest', appId: 'app' }],
    ['pusher://key@app', { backend: 'pusher', pubKey: 'key', appId: 'app' }],
    ['pusher://app', { backend: 'pusher', appId: 'app' }],
    ['pusher://key:with:colons@app', { backend: 'pusher', pubKey: 'key', secretKey: 'with:colons', appId: 'app' }],
    ['websocket://key:se#cret@app', { backend: 'websocket', pubKey: 'key', secretKey: 'se#cret', appId: 'app' }],
    [
      'websocket://k%40y:s%2Fc%3Aret%25@a%20pp',
      { backend: 'websocket', pubKey: 'k@y', secretKey: 's/c:ret%', appId: 'a pp' },
    ],
    ['./push/mine.js#Mine', { backend: './push/mine.js#Mine' }],
    ['my-package#Mine', { backend: 'my-package#Mine' }],
    ['/absolute/#dir/mine.js#Mine', { backend: '/absolute/#dir/mine.js#Mine' }],
    [
      './mine.js#Mine?pubKey=42&secretKey=a?b&useSsl=false&timeout=5&url=https://example.com/%3F&level=2',
      {
        backend: './mine.js#Mine',
        pubKey: '42',
        secretKey: 'a?b',
        useSsl: false,
        timeout: 5,
        options: { url: 'https://example.com/?', level: 2 },
      },
    ],
  ])('%s', (dsn, settings) => {
    expect(parseDsn(dsn)).toEqual(settings);
  });

  test('its service numbers and useSsl are settings, everything else is an option', () => {
    expect(parseDsn('console:?timeout=500&retries=0&concurrency=2&closeTimeout=7000&useSsl=false&format=json')).toEqual(
      {
        backend: 'console',
        timeout: 500,
        retries: 0,
        concurrency: 2,
        closeTimeout: 7000,
        useSsl: false,
        options: { format: 'json' },
      },
    );
  });

  test('a key that is given several times is a list', () => {
    expect(parseDsn('x://a?origin=one&origin=two&port=1&origin=3').options).toEqual({
      origin: ['one', 'two', 3],
      port: 1,
    });
  });

  test('option values are numbers and booleans where they read as such, and otherwise text', () => {
    const { options } = parseDsn(
      'x://a?a=1&b=-2.5&c=true&d=false&e=007&f=1.10&g=9007199254740993&h=1e3&i=&j=a%20b+c&k=0x10&l=Infinity&m=NaN&n=%2B5&o=',
    );
    expect(options).toEqual({
      a: 1,
      b: -2.5,
      c: true,
      d: false,
      e: '007',
      f: '1.10',
      g: '9007199254740993',
      h: '1e3',
      i: '',
      j: 'a b+c',
      k: '0x10',
      l: 'Infinity',
      m: 'NaN',
      n: '+5',
      o: '',
    });
  });

  test('a key in base64 is read as it stands', () => {
    const masterKey = Buffer.alloc(32, 251).toString('base64');
    expect(masterKey).toMatch(/[+].*[/].*=$/);
    const { options } = parseDsn(`pusher://key:secret@1?encryptionMasterKeyBase64=${masterKey}`);
    expect(options).toEqual({ encryptionMasterKeyBase64: masterKey });
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'the key %s is an option like any other',
    (key) => {
      const { options } = parseDsn(`x://a?${key}=1&${key}=two`);
      expect(Object.entries(options ?? {})).toEqual([[key, [1, 'two']]]);
      expect(Object.getPrototypeOf(options)).toBe(Object.prototype);
    },
  );
});

describe('a text that is no DSN', () => {
  test.each([
    '',
    ' ',
    'nonsense',
    '://key:sesame@app',
    'websocket:/key:sesame@app',
    'web socket://key:sesame@app',
    '5x://app',
    'websocket://key:ses/ame@app',
    'websocket://key:sesame@app@app',
    'websocket://key:sesame@app:6001',
    'websocket://key:sesame',
    'websocket://key:ses?ame@app',
    'websocket://key:sesame@app/path',
    '#',
    'module#',
  ])('%j is refused without being shown', (dsn) => {
    const error = refusal(dsn);
    expect(error.message).toMatch(
      /^PUSH_SERVER could not be read: a DSN has the form backend:\/\/PUBKEY:SECRET@APPID\?option=value, such as .* or console:; within a key or secret, write \/ as %2F, \? as %3F, @ as %40 and : as %3A\.$/,
    );
    if (dsn.trim().length > 1) expect(error.message).not.toContain(dsn.trim());
    expect(error.message).not.toContain('sesame');
  });

  test.each([
    ['appId', 'x://key:sesame@%E0%A4%A'],
    ['pubKey', 'x://%:sesame@app'],
    ['secretKey', 'x://key:sesame%ZZ@app'],
  ])('a broken percent-encoding names %s and not its value', (key, dsn) => {
    expect(refusal(dsn).message).toBe(`PUSH_SERVER: the percent-encoding of "${key}" is broken; write a % as %25.`);
  });

  function refusal(dsn: string): Error {
    try {
      parseDsn(dsn);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      return error as Error;
    }
    return expect.fail(`${dsn} was read`);
  }
});

describe('whatever the text', () => {
  test('it is read, or refused with a ConfigurationError', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(fc.constantFrom('websocket', 'console', 'x'), fc.string())
        .map(([backend, rest]) => `${backend}:${rest}`),
      fc.webUrl(),
    );
    fc.assert(
      fc.property(text, (dsn) => {
        try {
          expect(typeof parseDsn(dsn).backend).toBe('string');
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('parts that are percent-encoded come back as they were', () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.isWellFormed());
    const value = fc.oneof(part, fc.constantFrom('42', 'true', '"', '""', '"42"'), fc.boolean(), fc.integer());
    const written = (option: string | boolean | number): string =>
      typeof option === 'string' && /^(?:".*"|true|false|[\d.eE+-]+|-?Infinity)$/s.test(option)
        ? `"${option}"`
        : `${option}`;
    fc.assert(
      fc.property(part, part, part, fc.dictionary(part, value), (pubKey, secretKey, appId, given) => {
        const options = Object.fromEntries(
          Object.entries(given).filter(
            ([key]) => !['timeout', 'retries', 'concurrency', 'closeTimeout', 'useSsl'].includes(key),
          ),
        );
        const query = Object.entries(options)
          .map(([key, option]) => `${encodeURIComponent(key)}=${encodeURIComponent(written(option))}`)
          .join('&');
        const dsn = `my-backend://${encodeURIComponent(pubKey)}:${encodeURIComponent(secretKey)}@${encodeURIComponent(appId)}?${query}`;
        const read = parseDsn(dsn);
        expect(read).toMatchObject({ backend: 'my-backend', pubKey, secretKey, appId });
        expect(Object.entries(read.options ?? {})).toEqual(Object.entries(options));
      }),
      { numRuns: 500 },
    );
  });
});
