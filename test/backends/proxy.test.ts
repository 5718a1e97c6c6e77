import { Agent, globalAgent } from 'node:https';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { proxyTo } from '../../src/backends/sdk/provider-proxy.js';
import {
  AuthenticationError,
  ConfigurationError,
  createPushService,
  DeliveryError,
  type PushServerSettings,
  type PushService,
} from '../../src/index.js';
import { startOneSignalProvider } from '../providers/onesignal-provider.js';
import type { ProviderServer } from '../providers/provider-server.js';
import { startPubNubProvider } from '../providers/pubnub-provider.js';
import { startPusherProvider } from '../providers/pusher-provider.js';
import { credentials, startServer } from '../server/support/server.js';
import { everythingShown } from '../support/everything-shown.js';
import { failureOf } from '../support/failure-of.js';
import { startProxy } from '../support/http-proxy.js';
import { freePort } from '../support/ports.js';
import { programOutput } from '../support/program-output.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { sourceProgram } from '../support/source-program.js';
import { sdkVersions } from './pubnub/support/sdk-versions.js';

const password = 'p@ss:word-of-the-proxy';
const encoded = `user:${encodeURIComponent(password)}`;
const secrets = [password, encodeURIComponent(password), Buffer.from(`user:${password}`).toString('base64')];

interface Provider {
  readonly server: ProviderServer;
  readonly settings: object;
  close(): Promise<void>;
}

type StartProvider = (options: { tls: boolean }) => Promise<Provider>;

const [pubnub12, pubnub11] = sdkVersions.map(({ PubNub }) => ({ PubNub }));
const hosted: readonly [name: string, start: StartProvider, options: (port: number) => object][] = [
  ['pusher', startPusherProvider, () => ({ host: 'localhost', agent: undefined })],
  ['pubnub 12', startPubNubProvider, (port) => ({ origin: `localhost:${port}`, ...pubnub12 })],
  ['pubnub 11', startPubNubProvider, (port) => ({ origin: `localhost:${port}`, ...pubnub11 })],
  ['onesignal', startOneSignalProvider, (port) => ({ apiRoot: `https://localhost:${port}` })],
];

/** A provider over TLS, and a service that reaches it through a proxy. */
async function start(
  startProvider: StartProvider,
  optionsOf: (port: number) => object,
  proxy: string,
): Promise<{ provider: Provider; push: PushService }> {
  const provider = await startProvider({ tls: true });
  onTestFinished(() => provider.close());
  const { options, ...settings } = provider.settings as { options?: object };
  const push = createPushService({
    ...settings,
    retries: 0,
    options: { ...options, ...optionsOf(provider.server.port), proxy },
  } as PushServerSettings);
  onTestFinished(() => push.close());
  trustAnybody();
  return { provider, push };
}

/** No SDK hands a certificate to its proxy's tunnel. */
function trustAnybody(): void {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  const warning = vi.spyOn(process, 'emitWarning').mockReturnValue();
  onTestFinished(() => {
    vi.unstubAllEnvs();
    warning.mockRestore();
  });
}

function expectNoPassword(...shown: unknown[]): void {
  const text = shown.map(everythingShown).join('\n');
  for (const secret of secrets) expect(text).not.toContain(secret);
}

describe.each(hosted)('the option "proxy" of %s', (_name, startProvider, optionsOf) => {
  test('leads all requests through a tunnel of the proxy, whose password shows nowhere', async () => {
    const proxy = await startProxy(`user:${password}`);
    const { provider, push } = await start(startProvider, optionsOf, `http://${encoded}@127.0.0.1:${proxy.port}`);
    const channels = Array.from({ length: 5 }, (_, index) => `channel-${index}`);
    for (const data of [1, 2]) expect(await push.send({ channels, data })).toMatchObject({ status: 'accepted' });
    expect(new Set(proxy.asked)).toEqual(new Set([`localhost:${provider.server.port}`]));
    expect(provider.server.connections).toBe(proxy.asked.length);
    expectNoPassword(push, push.backend, push.backend.api, await push.clientConfig());
  });

  test('names the proxy that refuses its password, and one that cannot be reached', async () => {
    const proxy = await startProxy('user:another password');
    const { provider, push } = await start(startProvider, optionsOf, `http://${encoded}@127.0.0.1:${proxy.port}`);
    const failure = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    const [rejection] = failure.report?.rejected ?? [];
    expect(rejection?.error).toBeInstanceOf(AuthenticationError);
    expect(rejection?.error).toMatchObject({ status: 407, retryable: false });
    expect(rejection?.error.message).toContain('the proxy on the way refuses its user name and password (407)');

    const nobody = `http://${encoded}@127.0.0.1:${await freePort()}`;
    const { options, ...settings } = provider.settings as { options?: object };
    const alone = createPushService({
      ...settings,
      retries: 0,
      options: { ...options, ...optionsOf(provider.server.port), proxy: nobody },
    } as PushServerSettings);
    onTestFinished(() => alone.close());
    const unreached = await failureOf(DeliveryError, alone.send({ channels: 'a', data: 1 }));
    const [{ error } = { error: undefined }] = unreached.report?.rejected ?? [];
    expect(error).toMatchObject({ retryable: true, outcome: 'rejected' });
    expect(error?.message).toContain(`through the proxy http://127.0.0.1:${new URL(nobody).port}: ECONNREFUSED`);
    expect(error?.message).toContain('Check the option "proxy".');
    expect(provider.server.requests).toHaveLength(0);
    expectNoPassword(failure, unreached, alone);
  });
});

const ids = {
  appId: '00000000-0000-4000-8000-000000000000',
  pubKey: 'key',
  subKey: 'sub',
  secretKey: 'the-key-of-all',
};

test.each(
  ['pusher', 'pubnub', 'onesignal'].flatMap((backend) =>
    [
      '10.0.0.1:3128',
      'socks5://10.0.0.1',
      `http://user:${password}%@10.0.0.1/`,
      'http://10.0.0.1/path',
      3128,
      // Node would take these, and nothing would find the password in them.
      `http:user:${encodeURIComponent(password)}@10.0.0.1`,
      `http:\\\\user:${encodeURIComponent(password)}@10.0.0.1`,
      ` http://user:${encodeURIComponent(password)}@10.0.0.1`,
    ].map((proxy) => [backend, proxy] as const),
  ),
)('%s refuses the proxy %j', async (backend, proxy) => {
  const settings = { backend, ...ids, options: { proxy } } as PushServerSettings;
  const error = await failureOf(ConfigurationError, () => createPushService(settings));
  expect(error.message).toContain('"proxy" must be an address such as "http://user:password@10.0.0.1:3128"');
  expectNoPassword(error);
});

test('a DSN has the proxy in its query', () => {
  const push = createPushService('pusher://k:s@1?proxy=http%3A%2F%2Fshop%3Ap%2540ssword%4010.0.0.1%3A3128');
  expect(push.backend.options).toEqual({ proxy: 'http://shop:p%40ssword@10.0.0.1:3128' });
});

test('an agent of the application and a proxy exclude each other', async () => {
  const options = { agent: new Agent(), proxy: 'http://10.0.0.1' };
  const error = await failureOf(ConfigurationError, () => createPushService({ backend: 'pusher', ...ids, options }));
  expect(error.message).toContain('"proxy" and "agent" exclude each other');
});

test('a short password in an address does not show with the settings either', () => {
  const push = createPushService({ backend: 'pusher', ...ids, options: { proxy: 'http://user:pw@10.0.0.1' } });
  expect(everythingShown(push)).toContain('http://user:[secret]@10.0.0.1');
});

describe('subscribe of the pusher backend', () => {
  test('goes through the proxy, also after a lost connection, and a neighbour without one does not', async () => {
    const server = await startServer();
    const proxy = await startProxy(`user:${password}`);
    const open = (options: object): PushService => {
      const push = createPushService({
        backend: 'pusher',
        ...credentials,
        useSsl: false,
        logger: new RecordingLogger(),
        options: { host: '127.0.0.1', port: server.address?.port, ...options },
      } as PushServerSettings);
      onTestFinished(() => push.close());
      return push;
    };
    const push = open({ proxy: `http://${encoded}@127.0.0.1:${proxy.port}` });
    await push.subscribe('private-a');
    const target = `127.0.0.1:${server.address?.port}`;
    expect(proxy.asked).toEqual([target]);
    await open({}).subscribe('private-a');
    expect(proxy.asked).toEqual([target]);
    proxy.cut();
    await expect.poll(() => proxy.asked, { timeout: 10_000 }).toEqual([target, target]);
  });

  test('fails at once when the proxy refuses', async () => {
    const proxy = await startProxy('user:another password');
    const { push } = await start(
      startPusherProvider,
      () => ({ host: 'localhost', agent: undefined }),
      `http://127.0.0.1:${proxy.port}`,
    );
    const error = await failureOf(AuthenticationError, push.subscribe('private-a'));
    expect(error.message).toContain('the proxy on the way refuses its user name and password (407)');
  });
});

describe('in a process that is told to use the proxies of its environment', () => {
  test('requests go through them, but not to hosts of NO_PROXY', async () => {
    const proxy = await startProxy();
    const providers = [await startPusherProvider(), await startPubNubProvider()];
    onTestFinished(async () => void (await Promise.all(providers.map((provider) => provider.close()))));
    const source = new URL('../../src/index.ts', import.meta.url);
    const program = `
      const { createPushService } = await import(${JSON.stringify(source.href)});
      for (const settings of ${JSON.stringify(providers.map(({ settings }) => settings))}) {
        const push = createPushService(settings);
        console.log(settings.backend, (await push.send({ channels: 'orders', data: 42 })).status);
        await push.close();
      }`;
    const variables = { http_proxy: undefined, no_proxy: undefined, HTTP_PROXY: `http://127.0.0.1:${proxy.port}` };
    const environment = { ...variables, NODE_USE_ENV_PROXY: '1' };
    for (const NO_PROXY of ['127.0.0.1', '']) {
      const own = { ...environment, NO_PROXY };
      const printed = await programOutput(process.execPath, sourceProgram(program), process.cwd(), own);
      expect(printed).toBe('pusher accepted\npubnub accepted\n');
    }
    const [first = '', second, ...more] = proxy.asked;
    expect(new URL(first).host).toBe(`127.0.0.1:${providers[0]?.server.port}`);
    expect([second, ...more]).toEqual([`127.0.0.1:${providers[1]?.server.port}`]);
    expect(providers.map(({ server }) => server.requests.length)).toEqual([2, 2]);
  });

  test.each([
    '*',
    'api.pusherapp.com',
    'api.pusherapp.com:443',
    'api.pusherapp.com:80',
    ' .pusherapp.com , x',
    '.api.pusherapp.com',
    'pusherapp.com',
    '*.pusherapp.com',
    '*api.pusherapp.com',
    'API.PUSHERAPP.COM',
    '10.0.0.1-10.0.0.9',
    '10.0.0.1-10.0.1.255',
    '10.0.0.1',
    '-',
    '10.0.0.1-10.0.0.9-10.0.1.255',
    '::1',
    '',
  ])('NO_PROXY=%j means what it means to Node', (list) => {
    const proxyEnv = { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: list };
    Object.assign(globalAgent.options, { proxyEnv });
    onTestFinished(() => void Reflect.deleteProperty(globalAgent.options, 'proxyEnv'));
    const agent = new Agent({ proxyEnv } as object);
    const symbol = Object.getOwnPropertySymbols(agent).find(({ description }) => description === 'kProxyConfig');
    const config = Reflect.get(agent, symbol ?? '') as { shouldUseProxy(host: string, port: number): boolean };
    for (const host of ['api.pusherapp.com', 'pusherapp.com', '10.0.0.5', '10.0.1.5', '[::1]'])
      expect([host, proxyTo(`https://${host}`, undefined) !== undefined]).toEqual([
        host,
        config.shouldUseProxy(host.replace(/[[\]]/g, ''), 443),
      ]);
  });

  // Node 22 takes the dot for nothing.
  test('NO_PROXY=".pusherapp.com" means no host whose name only ends alike', () => {
    const proxyEnv = { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '.pusherapp.com' };
    Object.assign(globalAgent.options, { proxyEnv });
    onTestFinished(() => void Reflect.deleteProperty(globalAgent.options, 'proxyEnv'));
    expect(proxyTo('https://xpusherapp.com', undefined)).toBeDefined();
    expect(proxyTo('https://api.pusherapp.com', undefined)).toBeUndefined();
  });
});
