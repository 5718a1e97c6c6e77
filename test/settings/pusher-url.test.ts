import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/index.js';
import { type DsnSettings, parseDsn } from '../../src/settings/dsn.js';
import { settingsFromEnvironment } from '../../src/settings/environment.js';
import { failureOf } from '../support/failure-of.js';

const account = { backend: 'pusher', pubKey: 'key', secretKey: 'secret', appId: '1234' };

describe("a Pusher application's address", () => {
  test.each<[string, DsnSettings]>([
    ['https://key:secret@api-eu.pusher.com/apps/1234', { ...account, useSsl: true, options: { cluster: 'eu' } }],
    ['http://key:secret@api-us3.pusher.com/apps/1234/', { ...account, useSsl: false, options: { cluster: 'us3' } }],
    ['HTTPS://key:secret@API-EU.Pusher.com/apps/1234', { ...account, useSsl: true, options: { cluster: 'eu' } }],
    ['https://key:secret@api.pusherapp.com/apps/1234', { ...account, useSsl: true, options: { cluster: 'mt1' } }],
    [
      'http://key:secret@127.0.0.1:6001/apps/1234',
      { ...account, useSsl: false, options: { host: '127.0.0.1', port: 6001 } },
    ],
    ['http://key:secret@[::1]:6001/apps/1234', { ...account, useSsl: false, options: { host: '[::1]', port: 6001 } }],
    [
      'https://key:secret@push.example.com/apps/my-app',
      { ...account, appId: 'my-app', useSsl: true, options: { host: 'push.example.com' } },
    ],
    [
      'https://key:secret@push.example.com/ws/eu/apps/1234',
      { ...account, useSsl: true, options: { host: 'push.example.com', path: '/ws/eu' } },
    ],
    [
      'https://k%40y:s%2Fcret@api-eu.pusher.com/apps/a%20b',
      { ...account, pubKey: 'k@y', secretKey: 's/cret', appId: 'a b', useSsl: true, options: { cluster: 'eu' } },
    ],
  ])('%s is the setting PUSHER_URL, and a DSN', (url, settings) => {
    const fromEnvironment = { settings, isFallback: false };
    expect(settingsFromEnvironment({ PUSHER_URL: ` ${url}\n`, NODE_ENV: 'production' })).toEqual(fromEnvironment);
    expect(settingsFromEnvironment({ PUSH_SERVER: url })).toEqual(fromEnvironment);
    expect(parseDsn(url)).toEqual(settings);
  });

  test('gives way to PUSH_SERVER, and is nothing when it is empty', () => {
    const PUSHER_URL = 'https://key:secret@api-eu.pusher.com/apps/1234';
    expect(settingsFromEnvironment({ PUSHER_URL, PUSH_SERVER: 'console:' }).settings).toEqual({ backend: 'console' });
    expect(settingsFromEnvironment({ PUSHER_URL: ' ', PUSH_SERVER: '' }).isFallback).toBe(true);
  });

  test.each([
    'https://api-eu.pusher.com/apps/1234',
    'https://key@api-eu.pusher.com/apps/1234',
    'https://key:sesame@api-eu.pusher.com/1234',
    'https://key:sesame@api-eu.pusher.com/apps/',
    'https://key:sesame@api-eu.pusher.com/apps/1234?x=1',
    'https://key:sesame@api-eu.pusher.com/apps/1234/events',
    'https://key:ses/ame@api-eu.pusher.com/apps/1234',
    'https://key:sesame@host:port/apps/1234',
    'https:key:sesame',
  ])('%s is refused without being shown', async (url) => {
    const words =
      "could not be read: Pusher's address of an application has the form https://KEY:SECRET@api-CLUSTER.pusher.com/apps/APPID, without a query; within it, write / as %2F, ? as %3F, @ as %40, : as %3A and # as %23.";
    const error = await failureOf(ConfigurationError, () => settingsFromEnvironment({ PUSHER_URL: url }));
    expect(error.message).toBe(`PUSHER_URL ${words}`);
    expect((await failureOf(ConfigurationError, () => parseDsn(url))).message).toBe(`PUSH_SERVER ${words}`);
  });

  test('with a broken percent-encoding is refused, naming the part and not its value', async () => {
    const error = await failureOf(ConfigurationError, () =>
      settingsFromEnvironment({ PUSHER_URL: 'https://key:sesame%ZZ@api-eu.pusher.com/apps/1' }),
    );
    expect(error.message).toBe('PUSHER_URL: the percent-encoding of "secretKey" is broken; write a % as %25.');
  });

  test('that is refused is no DSN either: PUSHER_URL takes Pusher alone', async () => {
    const error = await failureOf(ConfigurationError, () =>
      settingsFromEnvironment({ PUSHER_URL: 'websocket://key:sesame@app' }),
    );
    expect(error.message).toMatch(/^PUSHER_URL could not be read: /);
    expect(error.message).not.toContain('sesame');
  });

  test('brings back whatever its parts are', () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(part, part, part, (pubKey, secretKey, appId) => {
        const [key, secret, id] = [pubKey, secretKey, appId].map(encodeURIComponent);
        const url = `https://${key}:${secret}@api-eu.pusher.com/apps/${id}`;
        expect(parseDsn(url)).toMatchObject({ pubKey, secretKey, appId });
      }),
    );
  });
});
