import type { ClusterNode } from './cluster-node.js';
import type { RelayConnection } from './relay.js';

/** What the nodes of an application remember together. */
export type NodeMemory = Pick<RelayConnection, 'isFirst' | 'forget'>;

/** The memory of an application's nodes. Before the node is open, and after it was closed, it rejects. */
export function nodeMemory(node: ClusterNode, appId: string): NodeMemory {
  const keyOf = (key: string): string => `${appId} ${key}`;
  return {
    isFirst: async (key, ttlMs) => node.connection.isFirst(keyOf(key), ttlMs),
    forget: async (key) => node.connection.forget(keyOf(key)),
  };
}
