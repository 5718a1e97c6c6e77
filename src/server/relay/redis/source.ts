import { ConfigurationError } from '../../../core/errors.js';
import { loadPeer } from '../../../core/peer.js';
import { dialIoredis, type IoredisClient } from './ioredis-link.js';
import type { Dial } from './link.js';
import { dialNodeRedis, type NodeRedisClient } from './node-redis-link.js';

/** A client of `ioredis` or `redis`. Only its options are used: it may be connected or not, and stays as it is. */
export interface RedisRelayClient {
  duplicate(...overrides: never[]): unknown;
  on(event: never, listener: never): unknown;
}

/** How connections are made. */
export interface Source {
  readonly dial: Dial;
}

/** @param connectMs how long a connection may take to be made, in milliseconds */
export function sourceOf(redis: RedisRelayClient | string, connectMs: number): Source {
  const template: unknown = typeof redis === 'string' ? templateOf(redis) : redis;
  if (isIoredis(template)) return { dial: dialIoredis(template, connectMs) };
  if (isNodeRedis(template)) return { dial: dialNodeRedis(template, connectMs) };
  throw new ConfigurationError(
    'redisRelay() takes a client of the package "ioredis" or "redis", or an address such as redis://localhost:6379.',
  );
}

function isIoredis(value: unknown): value is IoredisClient {
  return isClient(value) && typeof Reflect.get(value, 'callBuffer') === 'function';
}

function isNodeRedis(value: unknown): value is NodeRedisClient {
  return isClient(value) && typeof Reflect.get(value, 'sSubscribe') === 'function';
}

function isClient(value: unknown): value is object {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'duplicate') === 'function';
}

/** Makes a client that never connects, of the package that is installed. */
function templateOf(url: string): unknown {
  const { protocol } = parsed(url);
  if (protocol !== 'redis:' && protocol !== 'rediss:')
    throw new ConfigurationError('The address of a Redis relay begins with redis:// or rediss://.');
  try {
    const { Redis } = loadPeer<typeof import('ioredis')>('ioredis', 'the Redis relay', undefined, ' (or redis)');
    return new Redis(url, { lazyConnect: true });
  } catch (error) {
    try {
      return loadPeer<typeof import('redis')>('redis', 'the Redis relay').createClient({ url });
    } catch {
      throw error;
    }
  }
}

function parsed(url: string): URL {
  try {
    return new URL(url);
  } catch {
    // Not the cause: it has the address with its password.
    throw new ConfigurationError('The address of a Redis relay is no URL, such as redis://user:password@host:6379/0.');
  }
}
