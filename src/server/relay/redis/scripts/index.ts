import type { RedisTransport, Script } from '../transport.js';
import { evictScript, updateScript } from './nodes.js';
import { publishAndKeepScript, publishScript } from './topics.js';

/** The scripts that publish, for one server or for a Cluster. */
export interface PublishingScripts {
  readonly publish: Script;
  readonly publishAndKeep: Script;
  readonly update: Script;
  readonly evict: Script;
}

export function publishingScripts(command: RedisTransport['publishCommand']): PublishingScripts {
  return {
    publish: publishScript(command),
    publishAndKeep: publishAndKeepScript(command),
    update: updateScript(command),
    evict: evictScript(command),
  };
}
