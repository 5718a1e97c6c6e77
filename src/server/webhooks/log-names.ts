import { createHash } from 'node:crypto';
import type { RelayConnection } from '../relay/relay.js';
import type { WebSocketWebhook } from './options.js';

/**
 * The name of a webhook among the readers of a log: of its address, and which one it is of those with the same. So it
 * stays the same from one release of an application to the next, whatever else is changed about it, and shows no
 * secret.
 */
export function readerName(webhooks: readonly WebSocketWebhook[], index: number): string {
  const { url } = webhooks[index] as WebSocketWebhook;
  const before = webhooks.slice(0, index).filter((webhook) => webhook.url === url).length;
  return `${createHash('sha256').update(url).digest('base64url')}-${before}`;
}

/** A topic in each partition. @param prefix what their names begin with */
export function topicsIn(connection: RelayConnection, prefix: string): readonly string[] {
  const { partitions } = connection;
  const topics = new Map<number, string>();
  // Names are spread over the partitions at random, so this ends long before.
  for (let number = 0; topics.size < partitions && number < 1000 * partitions; number++) {
    const topic = `${prefix}${number}`;
    topics.set(connection.partitionOf(topic), topic);
  }
  return Array.from({ length: partitions }, (_, partition) => topics.get(partition) ?? prefix);
}
