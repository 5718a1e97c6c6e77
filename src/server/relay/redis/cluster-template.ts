import { dialIoredis, type IoredisClient } from './ioredis-link.js';
import type { Address, Dial } from './link.js';
import { dialNodeRedis, type NodeRedisClient } from './node-redis-link.js';
import { plainError } from './plain-errors.js';
import type { Nodes } from './topology.js';

type AddressMap =
  | Readonly<Record<string, Address | undefined>>
  | ((address: string) => Address | null | undefined)
  | undefined;

/** A client of the package `ioredis`, class `Cluster`. */
export interface IoredisCluster {
  readonly isCluster: true;
  readonly options: { readonly natMap?: AddressMap };
  connect(): Promise<unknown>;
  disconnect(): void;
  duplicate(nodes: readonly never[], override: object): IoredisCluster;
  nodes(role: 'all' | 'master'): readonly (IoredisClient & { readonly options: Partial<Address> })[];
  on(event: string, listener: (error: Error) => void): unknown;
}

/** A client of the package `redis`: `createCluster`. */
export interface NodeRedisCluster {
  readonly masters: readonly Address[];
  connect(): Promise<unknown>;
  destroy(): void;
  duplicate(override: object): NodeRedisCluster;
  nodeClient(node: Address): NodeRedisClient | Promise<NodeRedisClient>;
  on(event: string, listener: (error: Error) => void): unknown;
}

/** How servers of a Cluster are reached. */
export interface ClusterAccess {
  readonly dial: Dial;
  readonly nodes: Nodes;
}

// A client of a Cluster makes clients of its servers, with its credentials and its certificates, and none of the
// libraries makes one without being connected. So a copy of it is connected for a moment.

/**
 * Finds out how the servers of a Cluster are reached.
 * @throws plain errors when none of them answers
 */
export async function accessByIoredis(cluster: IoredisCluster, connectMs: number): Promise<ClusterAccess> {
  const copy = cluster.duplicate([], {
    lazyConnect: true,
    clusterRetryStrategy: null,
    enableReadyCheck: false,
    shardedSubscribers: false,
    redisOptions: { connectTimeout: connectMs },
  });
  let reason: Error | undefined;
  copy.on('error', (error) => {
    reason = lastOf(error);
  });
  const timer = setTimeout(() => copy.disconnect(), connectMs);
  try {
    await copy.connect();
    const [template, ...others] = copy.nodes('all');
    if (template === undefined) throw new Error('the Cluster has no servers');
    const seeds = [template, ...others].map(({ options: { host = '127.0.0.1', port = 6379 } }) => ({ host, port }));
    return {
      dial: dialIoredis(template, connectMs),
      nodes: { seeds, mapped: mappedBy(cluster.options.natMap) },
    };
  } catch (error) {
    throw plainError(reason ?? lastOf(error as Error));
  } finally {
    clearTimeout(timer);
    copy.disconnect();
  }
}

/** As {@link accessByIoredis}. */
export async function accessByNodeRedis(cluster: NodeRedisCluster, connectMs: number): Promise<ClusterAccess> {
  const copy = cluster.duplicate({ minimizeConnections: true });
  let reason: Error | undefined;
  copy.on('error', (error) => {
    reason = error;
  });
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`nothing has answered within ${connectMs} ms`)), connectMs);
  try {
    const connecting = copy.connect();
    connecting.catch(() => {});
    await Promise.race([connecting, late]);
    const [master] = copy.masters;
    if (master === undefined) throw new Error('the Cluster has no masters');
    const template = await Promise.race([copy.nodeClient(master), late]);
    const options = Reflect.get(cluster, '_options') as { readonly nodeAddressMap?: AddressMap } | undefined;
    const mapped = mappedBy(options?.nodeAddressMap);
    const seeds = copy.masters.map(({ host, port }) => mapped({ host, port }));
    return { dial: dialNodeRedis(template, connectMs), nodes: { seeds, mapped } };
  } catch (error) {
    throw plainError(reason ?? error);
  } finally {
    clearTimeout(timer);
    copy.destroy();
  }
}

/** `ioredis` says that it failed, and has what happened last within. */
function lastOf(error: Error): Error {
  const last: unknown = Reflect.get(error, 'lastNodeError');
  return last instanceof Error ? last : error;
}

function mappedBy(map: AddressMap): (address: Address) => Address {
  return (address) => {
    const text = `${address.host}:${address.port}`;
    const found = typeof map === 'function' ? map(text) : map?.[text];
    return found ? { host: found.host, port: found.port } : address;
  };
}
