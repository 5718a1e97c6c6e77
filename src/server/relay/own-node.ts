import { Deadline } from '../../core/deadline.js';
import type { Logger } from '../../core/logger.js';
import type { CheckedOptions } from '../checked-options.js';
import { ClusterNode } from './cluster-node.js';
import type { DeafSpans } from './deaf-spans.js';
import { newNodeTag } from './node-requests.js';
import type { AppRelayParts } from './shared-app.js';

/** How long the relay may take to hear what the server serves, in milliseconds. */
const OPEN_MS = 10_000;

/** What the applications of a server share of the relay. */
export interface OwnNode extends Omit<AppRelayParts, 'relay'> {
  readonly node: ClusterNode;
}

/**
 * What the applications of a server get of the relay in its options; undefined without one.
 * @param logger its logger must not throw
 */
export function ownNode(options: CheckedOptions, logger: () => Logger, spans: DeafSpans): OwnNode | undefined {
  const { relay, serve: isServing, relayFailure, cacheTtlMs } = options;
  if (relay === undefined) return undefined;
  const node = new ClusterNode(relay, { logger, spans, isServing });
  return { node, tag: newNodeTag(), isServing, isLocalAtFailure: relayFailure === 'local', cacheTtlMs };
}

/**
 * Connects a node, and lets the applications of its server take part.
 * @throws whatever the relay rejects with; TimeoutError when it is lost before it has been told
 */
export async function takePart(node: ClusterNode, apps: readonly { open(): Promise<void> }[]): Promise<void> {
  await node.open();
  const opening = Promise.all(apps.map((app) => app.open()));
  await new Deadline(OPEN_MS).wait(opening, { missing: 'The relay was lost: it did not answer', backend: 'websocket' });
}
