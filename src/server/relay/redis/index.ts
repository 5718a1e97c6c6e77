import { checkOptionNames } from '../../../core/call-options.js';
import { ConfigurationError } from '../../../core/errors.js';
import type { Relay, RelayConnection, RelayHost } from '../relay.js';
import { RedisConnection } from './connection.js';
import { openTransport } from './open-transport.js';
import { type RedisRelayClient, sourceOf } from './source.js';

/** Version of the names and of what is published and kept under them. Releases with another one are apart. */
const WIRE_VERSION = 1;

/** Options of {@link redisRelay}. */
export interface RedisRelayOptions {
  /**
   * Text before every key and channel. Environments that share a Redis need one each, also when they use different
   * databases of it: what is published reaches all of them. @default 'pushrail:'
   */
  readonly prefix?: string | undefined;
}

/**
 * Joins embedded servers by Redis 6.2 or later, one server or, from 7.0 on, a Cluster.
 * @param client a client of `ioredis` or `redis`, whose options are used for connections of the relay's own: it may be
 * connected or not, and stays as it is. Or an address such as `redis://localhost`
 * @throws ConfigurationError for anything else
 * @example
 * new WebSocketService({ …, options: { relay: redisRelay('redis://localhost') } });
 */
export function redisRelay(client: RedisRelayClient | string, options: RedisRelayOptions = {}): Relay {
  checkOptionNames(options, ['prefix'], 'redisRelay()');
  const { prefix = 'pushrail:' } = options;
  if (typeof prefix !== 'string') throw new ConfigurationError('The option "prefix" of redisRelay() must be a text.');
  // So that a mistake is told where it was made.
  sourceOf(client, 1);
  return {
    name: 'redis',
    connect: (host: RelayHost): Promise<RelayConnection> =>
      RedisConnection.open(host, (transportHost) =>
        openTransport(client, transportHost, { prefix: `${prefix}relay:${WIRE_VERSION}:` }),
      ),
  };
}

export type { RedisRelayClient };
