import type { Logger } from '../../core/logger.js';
import type { CheckedOptions } from '../checked-options.js';
import { ClusterNode } from './cluster-node.js';
import type { DeafSpans } from './deaf-spans.js';
import { newNodeTag } from './node-requests.js';
import type { AppRelayParts } from './shared-app.js';

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
