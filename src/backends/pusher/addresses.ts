import { ConfigurationError } from '../../core/errors.js';
import { authorityOf, hostInAddress } from '../sdk/host.js';
import type { HttpAgentLike, PusherOptions } from './options.js';

/** The cluster of applications that name none. Source: the package `pusher`, whose default host is this cluster's. */
const DEFAULT_CLUSTER = 'mt1';

type AddressOptions = Pick<PusherOptions, 'cluster' | 'host' | 'port' | 'wsHost' | 'wsPort'>;

/** Where WebSockets go: to a cluster of the hosted service, or to a host. */
export interface SocketAddress {
  /** Set where it decides host and port by itself. */
  readonly cluster?: string;
  /** As it stands in an address: an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number;
}

/** Where the HTTP API is, as the SDK takes it. */
export function apiAddress(
  { cluster, host, port }: AddressOptions,
  useTLS: boolean,
): { host: string; port?: string; origin: string } {
  const name = host ?? (cluster === undefined ? 'api.pusherapp.com' : `api-${cluster}.pusher.com`);
  const scheme = useTLS ? 'https' : 'http';
  return {
    host: hostInAddress(name),
    ...(port !== undefined && { port: String(port) }),
    origin: new URL(`${scheme}://${authorityOf(name, port ?? (useTLS ? 443 : 80))}`).origin,
  };
}

/** Where the WebSockets are that belong to it. */
export function socketAddress(options: AddressOptions, useTLS: boolean): SocketAddress {
  const { wsHost, wsPort, host, port } = options;
  const standardPort = useTLS ? 443 : 80;
  if (wsHost !== undefined) return { host: hostInAddress(wsHost), port: wsPort ?? standardPort };
  const cluster = clusterOf(options);
  if (cluster === undefined) return { host: hostInAddress(host ?? ''), port: wsPort ?? port ?? standardPort };
  const clusterHost = `ws-${cluster}.pusher.com`;
  return wsPort === undefined
    ? { cluster, host: clusterHost, port: standardPort }
    : { host: clusterHost, port: wsPort };
}

/** The cluster that a host of the hosted service belongs to; undefined for any other host. */
function clusterOf({ cluster = DEFAULT_CLUSTER, host }: AddressOptions): string | undefined {
  if (host === undefined) return cluster;
  if (host === 'api.pusherapp.com') return DEFAULT_CLUSTER;
  return /^api-([a-z0-9-]+)\.pusher(?:app)?\.com$/i.exec(host)?.[1];
}

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
