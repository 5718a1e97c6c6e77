import { Deadline } from '../../../core/deadline.js';
import { ConfigurationError } from '../../../core/errors.js';
import { loadPeer } from '../../../core/peer.js';
import {
  accessByIoredis,
  accessByNodeRedis,
  type ClusterAccess,
  type IoredisCluster,
  type NodeRedisCluster,
} from './cluster-template.js';
import { dialIoredis, type IoredisClient } from './ioredis-link.js';
import type { Dial } from './link.js';
import { dialNodeRedis, type NodeRedisClient } from './node-redis-link.js';

/**
 * A client of `ioredis` (`Redis` or `Cluster`) or of `redis` (`createClient`, `createClientPool` or `createCluster`).
 * Its options are used, and it stays as it is. It may be connected or not; a pool has to be.
 */
export type RedisRelayClient =
  | { duplicate(...overrides: never[]): unknown; on(event: never, listener: never): unknown }
  | { execute(work: never): Promise<unknown>; on(event: never, listener: never): unknown };

/** How connections are made. */
export type Source =
  | { readonly isCluster: false; readonly dial: Dial }
  | { readonly isCluster: true; access(): Promise<ClusterAccess> };

const forms =
  'redis://user:password@host:6379/0, rediss:// for TLS, or redis+cluster://host:6379,host:6380 for a Cluster (rediss+cluster:// with TLS)';

/**
 * @param connectMs how long a connection may take to be made, in milliseconds
 * @throws ConfigurationError for something else
 */
export function sourceOf(redis: RedisRelayClient | string, connectMs: number): Source {
  const template: unknown = typeof redis === 'string' ? templateOf(redis) : redis;
  if (isClient(template)) {
    if (has(template, 'nodes') && Reflect.get(template, 'isCluster') === true) {
      const cluster = template as IoredisCluster;
      return { isCluster: true, access: () => accessByIoredis(cluster, connectMs) };
    }
    if (has(template, 'nodeClient')) {
      const cluster = template as NodeRedisCluster;
      return { isCluster: true, access: () => accessByNodeRedis(cluster, connectMs) };
    }
    if (has(template, 'callBuffer'))
      return { isCluster: false, dial: dialIoredis(template as IoredisClient, connectMs) };
    if (has(template, 'sSubscribe'))
      return { isCluster: false, dial: dialNodeRedis(template as NodeRedisClient, connectMs) };
    if (has(template, 'execute')) return { isCluster: false, dial: dialPool(template as NodeRedisPool, connectMs) };
  }
  throw new ConfigurationError(
    `A Redis relay takes a client of the package "ioredis" or "redis", or an address: ${forms}.`,
  );
}

/** A client of the package `redis`: `createClientPool`. */
interface NodeRedisPool {
  execute<Result>(work: (client: NodeRedisClient) => Result): Promise<Result>;
}

/** Connects as the clients of a pool do. */
function dialPool(pool: NodeRedisPool, connectMs: number): Dial {
  let dial: Dial | undefined;
  return async (...parameters) => {
    const deadline = new Deadline(connectMs);
    dial ??= await deadline.wait(
      pool.execute((client) => dialNodeRedis(client, connectMs)),
      { missing: 'The pool of Redis clients had no client free' },
    );
    return dial(...parameters);
  };
}

function isClient(value: unknown): value is object {
  return typeof value === 'object' && value !== null && (has(value, 'duplicate') || has(value, 'execute'));
}

function has(client: object, method: string): boolean {
  return typeof Reflect.get(client, method) === 'function';
}

/** The parts of an address. A Cluster may have several servers, with commas between them. */
const address = /^(?<scheme>rediss?)(?<cluster>\+cluster)?:\/\/(?<login>[^/?#]*@)?(?<hosts>[^/?#@]+)(?<rest>[/?#].*)?$/;

/** Makes a client that never connects, of the package that is installed. */
function templateOf(url: string): unknown {
  const { scheme, cluster, login = '', hosts = '', rest = '' } = address.exec(url)?.groups ?? {};
  const servers = hosts.split(',').map((host) => `${scheme}://${login}${host}${rest}`);
  // Not with the address in it, nor as the cause: it may have a password.
  if (scheme === undefined || !servers.every((server) => URL.canParse(server)) || (cluster === undefined && servers[1]))
    throw new ConfigurationError(`This is no address of a Redis relay. Such as: ${forms}.`);
  try {
    return cluster === undefined ? ofIoredis(servers[0] ?? '') : clusterOfIoredis(servers);
  } catch (error) {
    try {
      return cluster === undefined ? ofNodeRedis(servers[0] ?? '') : clusterOfNodeRedis(servers);
    } catch {
      throw error;
    }
  }
}

const neededBy = 'A Redis relay with an address';

interface Ioredis {
  readonly Redis: new (url: string, options: object) => unknown;
  readonly Cluster: new (nodes: readonly object[], options: object) => unknown;
}

interface NodeRedis {
  createClient(options: object): unknown;
  createCluster(options: object): unknown;
}

function ioredis(): Ioredis {
  return loadPeer('ioredis', neededBy, undefined, ', or npm install redis');
}

function ofIoredis(server: string): unknown {
  const { Redis } = ioredis();
  return new Redis(server, { lazyConnect: true });
}

function clusterOfIoredis(servers: readonly string[]): unknown {
  const { username, password, protocol } = loginOf(servers);
  const redisOptions = {
    ...(username && { username }),
    ...(password && { password }),
    ...(protocol === 'rediss:' && { tls: {} }),
  };
  const { Cluster } = ioredis();
  return new Cluster(servers.map(placeOf), { lazyConnect: true, redisOptions });
}

function ofNodeRedis(server: string): unknown {
  return loadPeer<NodeRedis>('redis', neededBy).createClient({ url: server });
}

function clusterOfNodeRedis(servers: readonly string[]): unknown {
  const { username, password, protocol } = loginOf(servers);
  const isTls = protocol === 'rediss:';
  return loadPeer<NodeRedis>('redis', neededBy).createCluster({
    rootNodes: servers.map((server) => ({ socket: placeOf(server) })),
    defaults: {
      ...(username && { username }),
      ...(password && { password }),
      ...(isTls && { socket: { tls: true } }),
    },
  });
}

function loginOf([server = '']: readonly string[]): { username: string; password: string; protocol: string } {
  const { username, password, protocol } = new URL(server);
  return { username: decodeURIComponent(username), password: decodeURIComponent(password), protocol };
}

function placeOf(server: string): { host: string; port: number } {
  const { hostname, port } = new URL(server);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 6379) };
}
