import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redacted, secretsOf, showsSecret, withoutSecrets } from '../../src/core/redaction.js';

describe('which values are secret', () => {
  test.each([
    'secretKey',
    'secret',
    'authToken',
    'accessToken',
    'password',
    'passwd',
    'passphrase',
    'privateKey',
    'credentials',
    'authorization',
    'encryptionMasterKeyBase64',
    'restKey',
    'apiKey',
    'api_key',
    'X-Api-Key',
  ])('%s is', (key) => {
    expect([...secretsOf({ [key]: 'sesame' })]).toEqual(['sesame']);
    expect(redacted({ options: { [key]: 'sesame' } })).toEqual({ options: { [key]: '[secret]' } });
  });

  test.each(['appId', 'pubKey', 'subKey', 'cluster', 'host', 'key'])('%s is not', (key) => {
    expect([...secretsOf({ [key]: 'sesame' })]).toEqual([]);
    expect(redacted({ [key]: 'sesame' })).toEqual({ [key]: 'sesame' });
  });

  test('at any depth, in lists and in cycles; numbers as well', () => {
    const settings: Record<string, unknown> = { list: [{ deep: { token: 'one' } }], password: 123456 };
    settings['self'] = settings;
    expect(new Set(secretsOf(settings))).toEqual(new Set(['one', '123456']));
    expect(redacted(settings)).toEqual({
      list: [{ deep: { token: '[secret]' } }],
      password: '[secret]',
      self: '[circular]',
    });
  });

  test('each of a list that has the name of a secret', () => {
    const settings = { webhookSecret: ['sesame', 7, null] };
    expect([...secretsOf(settings)]).toEqual(['sesame', '7']);
    expect(redacted(settings)).toEqual({ webhookSecret: '[secret]' });
  });

  test.each([
    'redis://:pass-word@host',
    'rediss://user:pass-word@host:6379/0',
    'https://user:pass-word@host/?a=b',
    'postgres://u:pass-word@h',
  ])('the password in %s is', (address) => {
    const user = new URL(address).username;
    const inHeader = Buffer.from(`${user}:pass-word`).toString('base64');
    expect([...secretsOf({ redis: address })]).toEqual([inHeader, 'pass-word']);
    expect(JSON.stringify(redacted({ redis: address }))).not.toContain('pass-word');
  });

  test('a password with percent-encoding is, in both forms', () => {
    const secrets = secretsOf({ proxy: 'http://user:p%40ss%25word@host' });
    expect([...secrets]).toEqual(expect.arrayContaining(['p%40ss%25word', 'p@ss%word']));
    expect([...secretsOf({ proxy: 'http://user:100%@host' })]).toEqual(['100%25', '100%']);
  });

  test('a password with an @ is, up to the last one', () => {
    const proxy = 'http://user:p@ss@word@host';
    expect([...secretsOf({ proxy })]).toContain('p@ss@word');
    expect(redacted({ proxy })).toEqual({ proxy: 'http://user:[secret]@host' });
  });

  test.each(['https://host:8080/a@b', 'redis://localhost:6379', 'user:word@host', 'redis://user@host'])(
    '%s holds none',
    (address) => {
      expect(redacted({ address })).toEqual({ address });
    },
  );
});

describe('a text without secrets', () => {
  test('a secret that is part of another leaves nothing of the longer one', () => {
    const secrets = secretsOf({ a: { token: 'sesame' }, b: { token: 'sesame-and-more' } });
    expect(withoutSecrets('key sesame-and-more, key sesame', secrets)).toBe('key [secret], key [secret]');
  });

  test('a short secret counts only as the whole text', () => {
    const secrets = secretsOf({ token: 'abc' });
    expect(withoutSecrets('abc', secrets)).toBe('[secret]');
    expect(withoutSecrets('the abc', secrets)).toBe('the abc');
  });

  test('whatever the secret, it is found as it is, in JSON and in an address', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 6 }), fc.string(), (secret, before) => {
        const secrets = secretsOf({ secretKey: secret });
        const forms = [
          secret,
          JSON.stringify(secret).slice(1, -1),
          ...(secret.isWellFormed() ? [encodeURIComponent(secret)] : []),
        ];
        for (const form of forms) {
          expect(showsSecret({ deep: [`${before}${form}`] }, { redact: (text) => withoutSecrets(text, secrets) })).toBe(
            true,
          );
        }
      }),
    );
  });
});

describe('whether a secret shows', () => {
  const redactor = { redact: (text: string) => text.replaceAll('sesame', '') };

  test.each<[string, unknown]>([
    ['in a key', { sesame: 1 }],
    ['in a hidden property', Object.defineProperty({}, 'x', { value: 'sesame' })],
    ["in a function's property", Object.assign(() => 1, { key: 'sesame' })],
    ['in a stack that is an accessor', Object.defineProperty(new Error('x'), 'stack', { get: () => 'sesame' })],
  ])('%s', (_where, value) => {
    expect(showsSecret(value, redactor)).toBe(true);
  });

  test('in a chain that is deeper than the stack, and in one without it', () => {
    let chain: unknown = 'end';
    for (let depth = 0; depth < 40_000; depth++) chain = { next: chain };
    expect(showsSecret(chain, redactor)).toBe(false);
    expect(showsSecret({ chain, last: 'sesame' }, redactor)).toBe(true);
  });

  test('is assumed of an object that is too large to be looked through', () => {
    expect(
      showsSecret(
        Array.from({ length: 200_000 }, (_, index) => index),
        redactor,
      ),
    ).toBe(true);
  });
});

test('instances and classes are only named', () => {
  class Client {
    key = 'sesame';
  }
  expect(
    redacted({
      client: new Client(),
      type: Client,
      none: Object.create(Object.create(null)),
      when: undefined,
      nothing: null,
    }),
  ).toEqual({
    client: '[Client]',
    type: '[class Client]',
    none: '[object]',
    when: undefined,
    nothing: null,
  });
});
