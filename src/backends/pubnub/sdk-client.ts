import { ConfigurationError } from '../../core/errors.js';
import { hideTexts } from '../sdk/hidden-secrets.js';
import { loadSdk } from '../sdk/peer.js';
import { agentSettings, type ProviderProxy, proxyTo } from '../sdk/provider-proxy.js';
import type { PubNubClass, PubNubClient } from './client.js';
import type { CheckedOptions } from './options.js';

/** Life of an idle connection, in milliseconds; the SDK's own default. */
const KEEP_ALIVE_MS = 30_000;

/** Where the service is: one origin, as in `https://ps.pndsn.com`, and the proxy on the way to it. */
export interface ServiceAddress {
  readonly origin: string;
  readonly proxy: ProviderProxy | undefined;
}

/** The address of the service that the options name. */
export function serviceAddress({ origin: host, proxy }: CheckedOptions, ssl: boolean): ServiceAddress {
  const { origin } = new URL(`${ssl ? 'https' : 'http'}://${host}`);
  return { origin, proxy: proxyTo(origin, proxy) };
}

interface Keys {
  readonly publishKey: string;
  readonly subscribeKey: string;
  readonly secretKey: string | undefined;
  readonly ssl: boolean;
}

/** Settings of a client's connections. The SDK reads them when it opens the first connection. */
export interface ConnectionPool {
  maxSockets: number;
  maxFreeSockets: number;
  readonly timeout: number;
}

/**
 * Makes the settings of the connections: one for each request at once, and at least two, so that a subscription leaves
 * one for messages.
 * @param requests most requests at once.
 * @default 10, as the setting `concurrency`
 */
export function connectionPool(requests = 10): ConnectionPool {
  const maxSockets = Math.max(2, requests);
  return { maxSockets, maxFreeSockets: maxSockets, timeout: KEEP_ALIVE_MS };
}

/** Makes the SDK's client. @throws ConfigurationError when the package is not installed */
export function sdkClient(
  keys: Keys,
  options: CheckedOptions,
  keepAliveSettings: ConnectionPool,
  proxy: ProviderProxy | undefined,
): PubNubClient {
  const PubNub = (options.PubNub ?? loadSdk('pubnub', 'the pubnub backend', 'PubNub')) as PubNubClass;
  const { origin, userId, requestTimeoutMs, longPollSeconds } = options;
  const { filterExpression, suppressLeaveEvents, authKey, token } = options;
  const client = new PubNub({
    ...keys,
    origin,
    userId,
    keepAlive: true,
    keepAliveSettings,
    // A retry of the SDK signs the old signature as well, which is wrong. The delivery stage retries instead.
    retryConfiguration: PubNub.NoneRetryPolicy(),
    enableEventEngine: true,
    transactionalRequestTimeout: Math.ceil(requestTimeoutMs / 1000),
    subscribeRequestTimeout: longPollSeconds,
    suppressLeaveEvents,
    ...(filterExpression !== undefined && { filterExpression }),
    ...(authKey !== undefined && { authKey }),
    ...encryption(PubNub, options),
  });
  if (token !== undefined) client.setToken(token);
  const login = proxy === undefined ? [] : useProxy(client, proxy, keepAliveSettings, keys.ssl);
  hideSecrets(client, [keys.secretKey, options.cipherKey, authKey, token, ...login]);
  return client;
}

function encryption(PubNub: PubNubClass, { cipherKey, cryptor, useRandomIVs }: CheckedOptions): object {
  if (cipherKey === undefined) return {};
  const { CryptoModule } = PubNub;
  const configuration = { cipherKey, useRandomIVs };
  return {
    cryptoModule:
      cryptor === 'legacy'
        ? CryptoModule.legacyCryptoModule(configuration)
        : CryptoModule.aesCbcCryptoModule(configuration),
  };
}

/** Keeps `console.log`, `console.dir` and `JSON.stringify` from showing the secrets that the client holds. */
function hideSecrets(client: PubNubClient, secrets: readonly (string | undefined)[]): void {
  hideTexts(client, new Set(secrets.filter((secret) => secret !== undefined && secret !== '') as string[]));
  const shown = (): object => ({ PubNub: 'the client of the package "pubnub"' });
  Object.defineProperty(client, Symbol.for('nodejs.util.inspect.custom'), { value: shown });
  Object.defineProperty(client, 'toJSON', { value: shown });
}

/** The transport of versions 11 and 12: what decides about their connections. */
interface NodeTransport {
  /** Version 11. The agent of its own `setProxy` keeps no connections, and asks the environment for the proxy. */
  agentForTransportRequest?(): object;
  /** Version 12. That of the client refuses a proxy beside `keepAlive`, which the transport can do. */
  setProxy?(configuration: object): void;
  proxyAgent?: object;
}

/** Makes a client's requests go through a proxy. @returns the secrets that the client holds then */
function useProxy(client: PubNubClient, { url }: ProviderProxy, pool: ConnectionPool, isSecure: boolean): string[] {
  const { nodeTransport: transport } = client as { nodeTransport?: NodeTransport };
  const { protocol, hostname, port, username, password } = new URL(url);
  const auth = username === '' && password === '' ? '' : decodeURIComponent(`${username}:${password}`);
  if (typeof transport?.agentForTransportRequest === 'function') {
    const { Agent } = process.getBuiltinModule(isSecure ? 'node:https' : 'node:http');
    const settings = agentSettings(url, 'pubnub');
    transport.agentForTransportRequest = () =>
      (transport.proxyAgent ??= new Agent({ ...pool, ...settings, keepAlive: true }));
  } else if (typeof transport?.setProxy === 'function') {
    const standardPort = protocol === 'https:' ? 443 : 80;
    transport.setProxy({ protocol, hostname, port: port || standardPort, ...(auth !== '' && { auth }) });
  } else {
    throw new ConfigurationError('The option "proxy" does not know this version of the package "pubnub": install 12.', {
      backend: 'pubnub',
    });
  }
  return [url, auth];
}

/** Closes idle connections, which the SDK holds in private properties. The next request opens its own. */
export function closeIdleConnections(client: PubNubClient): void {
  const transport: unknown = Reflect.get(client, 'nodeTransport');
  if (typeof transport !== 'object' || transport === null) return;
  for (const name of ['httpAgent', 'httpsAgent', 'keepAliveAgent', 'proxyAgent']) {
    const agent: unknown = Reflect.get(transport, name);
    if (typeof agent !== 'object' || agent === null || !('destroy' in agent) || typeof agent.destroy !== 'function')
      continue;
    Reflect.deleteProperty(transport, name);
    agent.destroy();
  }
}
