import { checkOptionNames } from '../../../core/call-options.js';
import type { Relay, RelayConnection, RelayHost } from '../relay.js';
import { RedisConnection } from './connection.js';
import { openTransport } from './open-transport.js';
import type { RedisRelayClient } from './source.js';

/** Options of {@link redisRelay}. */
export interface RedisRelayOptions {
  /**
   * Text before every key and channel. Environments that share a Redis need one each, also when they use different
   * databases of it: what is published reaches all of them. @default 'pushrail:'
   */
  readonly prefix?: string | undefined;
}

/**
 * Joins embedded servers by Redis 6.2 or later.
 * @param client a client of `ioredis` or `redis`, or an address such as `redis://localhost`
 * @throws ConfigurationError for anything else
 * @example
 * new WebSocketService({ …, options: { relay: redisRelay('redis://localhost') } });
 */
export function redisRelay(client: string | { readonly options: object }, options: RedisRelayOptions = {}): Relay {
  checkOptionNames(options, ['prefix'], 'redisRelay()');
  const { prefix = 'pushrail:' } = options;
  return {
    name: 'redis',
    connect: (host: RelayHost): Promise<RelayConnection> =>
      RedisConnection.open(host, (transportHost) => openTransport(client as RedisRelayClient | string, transportHost, { prefix })),
  };
}
