import type { ClusterNode } from '../relay/cluster-node.js';

/** A node of a cluster, as far as webhooks need it. */
export type WebhookNode = Pick<
  ClusterNode,
  'connection' | 'leaseMs' | 'nodes' | 'incarnationIn' | 'hold' | 'publish' | 'caughtUp'
>;

/** How an application's webhooks are shared by the nodes of a cluster. */
export interface WebhookRelay {
  readonly node: WebhookNode;
  /** The topic of a channel of the application. */
  topicOf(channel: string): string;
  /** The set of a channel's topic whose weight is the number of subscribers. */
  readonly countSet: string;
}
