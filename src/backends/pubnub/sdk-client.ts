import { hideTexts } from '../sdk/hidden-secrets.js';
import { loadSdk } from '../sdk/peer.js';
import type { PubNubClass, PubNubClient } from './client.js';
import type { CheckedOptions } from './options.js';

/** Life of an idle connection, in milliseconds; the SDK's own default. */
const KEEP_ALIVE_MS = 30_000;

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
export function sdkClient(keys: Keys, options: CheckedOptions, keepAliveSettings: ConnectionPool): PubNubClient {
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
  hideSecrets(client, [keys.secretKey, options.cipherKey, authKey, token]);
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

/** Closes idle connections, which the SDK holds in private properties. The next request opens its own. */
export function closeIdleConnections(client: PubNubClient): void {
  const transport: unknown = Reflect.get(client, 'nodeTransport');
  if (typeof transport !== 'object' || transport === null) return;
  for (const name of ['httpAgent', 'httpsAgent', 'keepAliveAgent']) {
    const agent: unknown = Reflect.get(transport, name);
    if (typeof agent !== 'object' || agent === null || !('destroy' in agent) || typeof agent.destroy !== 'function')
      continue;
    Reflect.deleteProperty(transport, name);
    agent.destroy();
  }
}
