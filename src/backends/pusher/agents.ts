import { ConfigurationError } from '../../errors.js';
import type { HttpAgentLike } from './pusher-options.js';

// Node's modules are loaded here: as ES modules they would load fetch too, whenever the package is imported.

/** An agent that keeps connections open, which the SDK by itself does not. @param maxSockets connections at once */
export function ownAgent(useTLS: boolean, maxSockets: number): HttpAgentLike {
  const http = useTLS ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http');
  return new http.Agent({ keepAlive: true, maxSockets });
}

/**
 * Node refuses a request whose agent is for the other protocol. Those of packages may be for both.
 * @throws ConfigurationError
 */
export function checkAgent(agent: HttpAgentLike | undefined, useTLS: boolean): void {
  if (agent === undefined) return;
  const isPlain = Object.getPrototypeOf(agent) === process.getBuiltinModule('node:http').Agent.prototype;
  const isSecure = agent instanceof process.getBuiltinModule('node:https').Agent;
  if (useTLS ? !isPlain : !isSecure) return;
  throw new ConfigurationError(
    `The pusher backend's options: "agent" must be an ${useTLS ? 'https.Agent, unless "useSsl" is false' : 'http.Agent where "useSsl" is false'}.`,
    { backend: 'pusher' },
  );
}
