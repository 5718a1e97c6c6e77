import type { LogEntry, RelayConnection, ShareChange, ShareResult } from '../relay/relay.js';

/** A node of a cluster, as far as webhooks need it. */
export interface WebhookNode
  extends Pick<
    RelayConnection,
    'partitions' | 'partitionOf' | 'readLog' | 'noteInLog' | 'passInLog' | 'figures' | 'read'
  > {
  /** How long a lease lasts, in milliseconds. */
  readonly leaseMs: number;
  /** Number of nodes whose lease lasts, as this one last heard. */
  readonly nodes: number;
  /** The node's incarnation in a partition; undefined while it has none. */
  incarnation(partition: number): string | undefined;
  /**
   * Changes what the node holds from now on, and again whenever it gets another incarnation. Changes and entries of one
   * partition are done in the order in which they are asked for.
   * @returns what has come of it; rejects when the node ends before
   */
  hold(change: ShareChange): Promise<ShareResult>;
  /** Appends an entry to a log of the topic's partition. Rejects when the relay has not taken it. */
  append(topic: string, entry: LogEntry): Promise<void>;
}

/** How an application's webhooks are shared by the nodes of a cluster. */
export interface WebhookRelay {
  readonly node: WebhookNode;
  /** The topic of a channel of the application. */
  topicOf(channel: string): string;
  /** The set of a channel's topic whose weight is the number of subscribers. */
  readonly countSet: string;
}
