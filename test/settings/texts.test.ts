import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { WebSocketOptions } from '../../src/backends/websocket/index.js';
import { ConfigurationError, createPushService, type PushServerSettings } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';

const keys = { appId: '1', pubKey: 'key', secretKey: 'secret' };

/** As an environment variable gives it. */
function text(value: string): never {
  return value as never;
}

describe('a number or a boolean that comes as text', () => {
  test('counts in options, in lists of options, and in the settings of the service', async () => {
    const options: WebSocketOptions = {
      port: text('0'),
      tlsOnly: text('true'),
      host: '127.0.0.1',
      apps: [{ appId: '2', pubKey: 'k2', secretKey: 's2', maxConnections: text('1'), clientEvents: text('false') }],
    };
    const given = { backend: 'websocket', ...keys, timeout: text('700'), useSsl: text('false'), options } as const;
    const before = structuredClone(options);
    const push = createPushService(given);
    onTestFinished(() => push.close());
    await push.ready();
    expect(push.timeout).toBe(700);
    expect(push.backend.address?.port).toBeGreaterThan(0);
    expect(options).toEqual(before);
  });

  test('counts in a DSN, also in quotes and with zeros before it', async () => {
    const push = createPushService('websocket://key:secret@1?host=127.0.0.1&port="0"&cacheTtlMs=0500&timeout=0700');
    onTestFinished(() => push.close());
    await push.ready();
    expect(push.timeout).toBe(700);
  });

  test('is a list of one where a list is wanted, which a DSN cannot say otherwise', async () => {
    const dsn = 'websocket://key:secret@1?allowedOrigins=https://a.example';
    const push = createPushService(dsn);
    onTestFinished(() => push.close());
    await push.ready();
    const error = await failureOf(ConfigurationError, () => createPushService(`${dsn}/path`));
    expect(error.message).toContain('"allowedOrigins.0" must be an origin');
  });

  test('counts for a composite', () => {
    const options = { resetAfterMs: text('1000'), backends: ['console:', 'console:'] };
    const push = createPushService({ backend: 'failover', options });
    onTestFinished(() => push.close());
    expect(push.backend.name).toBe('failover(console, console)');
  });

  test.each(['', ' 1', '1 ', '1e3', '0x10', '-1', '1.5', '+1', '١', 'yes', 'true', '9'.repeat(16)])(
    'is refused as a number when it is %j',
    async (value) => {
      const settings: PushServerSettings = { backend: 'websocket', ...keys, options: { port: text(value) } };
      const error = await failureOf(ConfigurationError, () => createPushService(settings));
      const found = value === '' ? 'an empty string' : 'a string';
      expect(error.message).toBe(`The websocket backend's options: "port" must be of type number, found ${found}.`);
    },
  );

  test.each(['', 'yes', '1', 'TRUE', ' true'])('is refused as a boolean when it is %j', async (value) => {
    const settings: PushServerSettings = { backend: 'websocket', ...keys, options: { tlsOnly: text(value) } };
    const error = await failureOf(ConfigurationError, () => createPushService(settings));
    expect(error.message).toMatch(/"tlsOnly" must be of type boolean, found an? (?:empty )?string\.$/);
  });

  test('has the limits of a number', async () => {
    const settings: PushServerSettings = { backend: 'websocket', ...keys, options: { port: text('70000') } };
    const error = await failureOf(ConfigurationError, () => createPushService(settings));
    expect(error.message).toBe('The websocket backend\'s options: "port" must be at most 65535, found 70000.');
  });

  test('stays a text where a text is wanted', () => {
    vi.stubEnv('PUSH_SERVER', undefined);
    onTestFinished(() => void vi.unstubAllEnvs());
    const push = createPushService({ backend: 'websocket', appId: '42', pubKey: 'true', secretKey: '1' });
    onTestFinished(() => push.close());
    expect(push.backend).toMatchObject({ appId: '42', pubKey: 'true', secretKey: '1' });
  });
});
