import { ConfigurationError } from '../../core/errors.js';
import { authorityOf, hostInAddress } from '../sdk/host.js';
import { agentSettings } from '../sdk/provider-proxy.js';
import type { CheckedOptions, HttpAgentLike, PusherOptions } from './options.js';

/** Default cluster. Source: the package `pusher`, whose default host is in this cluster. */
const DEFAULT_CLUSTER = 'mt1';

type AddressOptions = Pick<PusherOptions, 'cluster' | 'host' | 'port' | 'path' | 'wsHost' | 'wsPort' | 'wsPath'>;

/** The address of the WebSockets: a cluster of the hosted service, or a host. */
export interface SocketAddress {
  /** Set when the cluster alone decides the host and the port. */
  readonly cluster?: string;
  /** In the form for an address: an IPv6 address has brackets. */
  readonly host: string;
  readonly port: number;
  /** What stands before `/app/KEY`; may be empty. */
  readonly path: string;
}

/** Finds the address of the HTTP API, in the form that the SDK takes. */
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

/** Finds the address of the WebSockets. */
export function socketAddress(options: AddressOptions, useTLS: boolean): SocketAddress {
  const { wsHost, wsPort, wsPath, host, port, path = '' } = options;
  const standardPort = useTLS ? 443 : 80;
  if (wsHost !== undefined) return { host: hostInAddress(wsHost), port: wsPort ?? standardPort, path: wsPath ?? '' };
  const cluster = clusterOf(options);
  if (cluster === undefined)
    return { host: hostInAddress(host ?? ''), port: wsPort ?? port ?? standardPort, path: wsPath ?? path };
  const clusterHost = `ws-${cluster}.pusher.com`;
  return wsPort === undefined
    ? { cluster, host: clusterHost, port: standardPort, path: '' }
    : { host: clusterHost, port: wsPort, path: '' };
}

/** Scheme, host and port of the WebSockets, as those of HTTP. */
export function originOf({ host, port }: Pick<SocketAddress, 'host' | 'port'>, useTLS: boolean): string {
  return new URL(`${useTLS ? 'https' : 'http'}://${host}:${port}`).origin;
}

/** The address of the WebSockets, as the configuration of a page tells it. */
export function addressForPages(
  options: AddressOptions,
  useTLS: boolean,
): { cluster: string } | { host: string; port: number; path?: string } {
  const { cluster, host, port, path } = socketAddress(options, useTLS);
  if (cluster !== undefined) return { cluster };
  return path === '' ? { host, port } : { host, port, path };
}

/** The cluster of a host of the hosted service; undefined for any other host. */
function clusterOf({ cluster = DEFAULT_CLUSTER, host }: AddressOptions): string | undefined {
  if (host === undefined) return cluster;
  if (host === 'api.pusherapp.com') return DEFAULT_CLUSTER;
  return /^api-([a-z0-9-]+)\.pusher(?:app)?\.com$/i.exec(host)?.[1];
}

// Node's modules are loaded on demand. Imported as ES modules they would also load fetch, with every import of the
// package.

/**
 * Makes an agent that keeps connections open, unlike the SDK's own, and goes through the same proxy.
 * @param maxSockets most connections at once
 * @throws ConfigurationError when this Node knows no proxies, and the option names one
 */
export function ownAgent(useTLS: boolean, { maxSockets, proxy }: CheckedOptions): HttpAgentLike {
  const http = useTLS ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http');
  return new http.Agent({ keepAlive: true, maxSockets, ...agentSettings(proxy, 'pusher') });
}

/**
 * Checks the option `agent`. Node refuses a request when its agent is for the other protocol; agents of packages may be
 * for both.
 * @throws ConfigurationError for an agent of the wrong protocol
 */
export function checkAgent(agent: HttpAgentLike | undefined, useTLS: boolean): void {
  if (agent === undefined) return;
  const isPlain = Object.getPrototypeOf(agent) === process.getBuiltinModule('node:http').Agent.prototype;
  const isSecure = agent instanceof process.getBuiltinModule('node:https').Agent;
  if (useTLS ? !isPlain : !isSecure) return;
  throw new ConfigurationError(
    `The pusher backend's options: "agent" must be an ${useTLS ? 'https.Agent, unless "useSsl" is false' : 'http.Agent when "useSsl" is false'}.`,
    { backend: 'pusher' },
  );
}
