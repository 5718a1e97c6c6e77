import { Agent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { PusherService } from '../../../src/backends/pusher/index.js';
import { ConfigurationError, createPushService } from '../../../src/index.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { start } from './support/start.js';

const credentials = { appId: '123', pubKey: 'the-key', secretKey: 'the-secret-of-all' };

function build(options: object, settings: object = {}): PusherService {
  return new PusherService({ ...credentials, ...settings, options });
}

describe('the options', () => {
  test.each([
    [{ clustr: 'eu' }, 'unknown key "clustr" (did you mean "cluster"?)'],
    [{ cluster: 'eu.evil.com/' }, '"cluster" must be a name such as "eu"'],
    [{ cluster: '' }, '"cluster" must be a name such as "eu"'],
    [{ host: 'example.com/path' }, '"host" must be a name or an address'],
    [{ host: 'user@example.com' }, '"host" must be a name or an address'],
    [{ host: 'example.com:80' }, '"host" must be a name or an address'],
    [{ host: 'example.com#' }, '"host" must be a name or an address'],
    [{ wsHost: 'example.com/x' }, '"wsHost" must be a name or an address'],
    [{ port: 0 }, '"port" must be at least 1'],
    [{ port: 'https' }, '"port" must be of type number'],
    [{ wsPort: 65_536 }, '"wsPort" must be at most 65535'],
    [{ maxSockets: 0 }, '"maxSockets" must be at least 1'],
    [{ maxEventBytes: 1.5 }, '"maxEventBytes" must be an integer'],
    [{ requestTimeoutMs: 2 ** 31 }, '"requestTimeoutMs" must be at most 2147483647'],
    [{ agent: {} }, '"agent" must be an http.Agent'],
    [{ Pusher: 'pusher' }, '"Pusher" must be the class that the package "pusher" exports'],
    [{ Pusher: {} }, '"Pusher" must be the class that the package "pusher" exports'],
    [{ PusherJs: () => {} }, '"PusherJs" must be the class that the package "pusher-js" exports'],
    [{ encode: JSON.stringify }, 'unknown key "encode" (set "encode" beside "options")'],
  ])('%j are refused', async (options, words) => {
    const error = await failureOf(ConfigurationError, () => build(options));
    expect(error.message).toContain("The pusher backend's options: ");
    expect(error.message).toContain(words);
  });

  test.each([
    Buffer.from('too short').toString('base64'),
    Buffer.alloc(33).toString('base64'),
    `${Buffer.alloc(32).toString('base64')}!`,
    '!'.repeat(44),
    12345,
  ])('refuse the master key %j, and do not show it', async (key) => {
    const error = await failureOf(ConfigurationError, () => build({ encryptionMasterKeyBase64: key }));
    expect(error.message).toContain('must be 32 bytes in base64');
    expect(everythingShown(error)).not.toContain(String(key));
  });

  test.each([{ appId: '../x' }, { appId: 'a b' }, { appId: '..' }, { pubKey: 'a&b' }, { pubKey: 'a:b' }])(
    'refuse the credential %j, which the SDK would put into addresses as it is',
    async (settings) => {
      const error = await failureOf(ConfigurationError, () => build({}, settings));
      expect(error.message).toContain(`"${Object.keys(settings)[0]}"`);
    },
  );

  test.each([
    [new Agent(), {}, 'https.Agent'],
    [new HttpsAgent(), { useSsl: false }, 'http.Agent'],
  ])('refuse an agent for the other protocol', async (agent, settings, words) => {
    const error = await failureOf(ConfigurationError, () => build({ agent }, settings));
    expect(error.message).toContain(`"agent" must be an ${words}`);
  });

  class Given {
    readonly settings: object;
    constructor(settings: object) {
      this.settings = settings;
    }
  }
  test.each([
    Given,
    { default: Given },
    { Pusher: Given },
    { default: { default: Given, 'module.exports': Given } },
    // A namespace of Turbopack.
    Object.assign(() => {}, { default: Given }),
    Object.assign(function call() {}, { default: Given }),
  ])('take the class of the package as it is imported: %o', (Pusher) => {
    expect(build({ Pusher }).api).toBeInstanceOf(Given);
  });

  test('hide what a client of version 5.1 holds twice', () => {
    class Pusher {
      readonly config: object;
      readonly notificationClient: object;
      constructor({ secret, agent }: { secret: string; agent: unknown }) {
        this.config = { token: { secret }, agent };
        this.notificationClient = { config: { token: { secret }, agent } };
      }
    }
    const { api } = build({ Pusher, proxy: 'http://user:pass-word@10.0.0.1' });
    for (const secret of [credentials.secretKey, 'pass-word', btoa('user:pass-word')])
      expect(everythingShown(api)).not.toContain(secret);
    expect(api).toMatchObject({ notificationClient: { config: { token: { secret: credentials.secretKey } } } });
  });

  test('that a DSN cannot give are refused there', async () => {
    const error = await failureOf(ConfigurationError, () => createPushService('pusher://k:s@1?Pusher=pusher'));
    expect(error.message).toContain('"Pusher" must be the class that the package "pusher" exports');
  });

  test('need all credentials', async () => {
    const error = await failureOf(ConfigurationError, () => new PusherService({ appId: '1' }));
    expect(error.message).toContain('"pubKey", "secretKey"');
  });

  test('reach the service by its settings, and are typed by the backend', async () => {
    const push = createPushService({ backend: 'pusher', ...credentials, options: { cluster: 'eu' } });
    expect(push.backend.name).toBe('pusher');
    await push.close();
  });
});

describe('addresses', () => {
  const originOf = (options: object, settings: object = {}): string => {
    const { config } = build(options, settings).api as unknown as { config: { getBaseURL(): string } };
    return config.getBaseURL();
  };

  test.each([
    [{}, {}, 'https://api.pusherapp.com'],
    [{ cluster: 'eu' }, {}, 'https://api-eu.pusher.com'],
    [{ cluster: 'eu' }, { useSsl: false }, 'http://api-eu.pusher.com'],
    [{ host: 'push.example.com', port: 6001 }, {}, 'https://push.example.com:6001'],
    [{ host: '::1', port: 6001 }, { useSsl: false }, 'http://[::1]:6001'],
    [{ host: 'push.example.com', cluster: 'eu' }, {}, 'https://push.example.com'],
  ])('the options %j with %j lead to %s', (options, settings, origin) => {
    expect(originOf(options, settings)).toBe(origin);
  });

  test.each([
    [{}, {}, { cluster: 'mt1' }],
    [{ cluster: 'eu' }, {}, { cluster: 'eu' }],
    [{ host: 'api-ap2.pusher.com' }, {}, { cluster: 'ap2' }],
    [{ host: 'api.pusherapp.com' }, {}, { cluster: 'mt1' }],
    [{ cluster: 'eu', wsPort: 8443 }, {}, { host: 'ws-eu.pusher.com', port: 8443 }],
    [{ host: 'push.example.com' }, {}, { host: 'push.example.com', port: 443 }],
    [{ host: 'push.example.com' }, { useSsl: false }, { host: 'push.example.com', port: 80 }],
    [{ host: 'push.example.com', port: 6001 }, {}, { host: 'push.example.com', port: 6001 }],
    [{ host: '::1', port: 6001 }, {}, { host: '[::1]', port: 6001 }],
    [{ host: '10.0.0.1', port: 6001, wsHost: 'push.example.com' }, {}, { host: 'push.example.com', port: 443 }],
    [{ host: '10.0.0.1', wsHost: 'push.example.com', wsPort: 1 }, {}, { host: 'push.example.com', port: 1 }],
  ])('the options %j with %j send browsers to %j', (options, settings: { useSsl?: boolean }, address) => {
    expect(build(options, settings).clientConfig()).toEqual({
      key: 'the-key',
      useTLS: settings.useSsl ?? true,
      ...address,
    });
  });
});

describe('secrets', () => {
  const masterKey = Buffer.from('0123456789abcdef0123456789ABCDEF').toString('base64');
  const options = { encryptionMasterKeyBase64: masterKey, agent: new HttpsAgent() };

  test("do not show in the service, the backend, the SDK's own client or what browsers get", async () => {
    const push = createPushService({ backend: 'pusher', ...credentials, options });
    const { backend } = push;
    const config = await push.clientConfig();
    for (const value of [push, backend, backend.api, config, { deep: [{ api: backend.api }] }]) {
      const shown = `${inspect(value, { depth: 20 })}${JSON.stringify(value)}`;
      expect(shown).not.toContain(credentials.secretKey);
      expect(shown).not.toContain(masterKey);
      expect(shown).not.toMatch(/30 31 32 33|48,\s*49,\s*50/);
    }
    expect(inspect(backend)).toContain("backend: 'pusher'");
    await push.close();
  });

  test('are still there for the SDK', async () => {
    const { backend } = await start();
    expect((await backend.api.get({ path: '/channels' })).status).toBe(200);
  });
});

test('the capabilities are those of the service', () => {
  const { capabilities } = build({});
  expect(capabilities).toMatchObject({
    maxChannelsPerRequest: 100,
    maxMessagesPerRequest: 10,
    maxPayloadBytes: 10_240,
    except: true,
    subscribe: true,
    presence: true,
    authorize: true,
    idempotent: false,
  });
});
