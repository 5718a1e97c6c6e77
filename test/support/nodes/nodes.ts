import { randomUUID } from 'node:crypto';
import { inject, it } from 'vitest';
import { type WebSocketOptions, WebSocketService } from '../../../src/backends/websocket/index.js';
import { redisRelay } from '../../../src/server/relay/redis/index.js';
import type { Relay } from '../../../src/server/relay/relay.js';
import { MemoryRelay } from '../memory-relay.js';
import { findRedis } from '../redis.js';
import { Balancer } from './balancer.js';
import { WatchedRelay } from './watched-relay.js';

// The same tests run against one node, and, in the projects "nodes" and "nodes-clock", against several that a relay
// joins, behind a balancer. There a server stands for all of them: each call of a method goes to the next node.

declare module 'vitest' {
  interface ProvidedContext {
    /** How many nodes a server of a test has. @default 1, and no relay */
    nodes?: number;
    /** What joins them. */
    relay?: 'redis' | 'memory';
  }
}

/** How many nodes a server of a test has. */
export const nodeCount: number = inject('nodes') ?? 1;

/** `it` for what is a node's own. Where several nodes are tested it registers nothing, because it would show no more. */
export const itOfEachNode: typeof it =
  nodeCount === 1 ? it : (Object.assign(() => {}, { each: () => () => {} }) as unknown as typeof it);

/** The nodes behind a server. */
export interface Nodes {
  readonly all: readonly WebSocketService[];
  readonly relay: WatchedRelay;
  readonly balancer: Balancer;
}

interface State extends Nodes {
  /** The one whose turn it is. */
  next: number;
}

const states = new WeakMap<object, State>();

/** The nodes that a server stands for, or that a node is one of; undefined for a server that is alone. */
export function nodesOf(service: object): Nodes | undefined {
  return states.get(service);
}

/**
 * Resolves when all nodes of a server have heard what any of them has published.
 * @returns whether anything was under way
 */
export async function settled(service: object): Promise<boolean> {
  return (await states.get(service)?.relay.settled()) ?? false;
}

/** Makes servers for tests: of one node, or of as many as the project has. Like `new WebSocketService`. */
export async function newServer(
  settings: { appId: string; pubKey: string; secretKey: string },
  options: WebSocketOptions,
): Promise<WebSocketService> {
  if (nodeCount === 1 || options.relay !== undefined) return new WebSocketService({ ...settings, options });
  return newNodes(nodeCount, settings, options, await relayOf());
}

async function relayOf(): Promise<Relay> {
  if (inject('relay') === 'memory') return new MemoryRelay();
  const redis = await findRedis();
  if (redis === undefined) throw new Error('There is no Redis server for the nodes.');
  return redisRelay(redis.url, { prefix: `test-${randomUUID()}:` });
}

/** Several nodes as one server, which has the balancer's address. */
export function newNodes(
  count: number,
  settings: { appId: string; pubKey: string; secretKey: string },
  options: WebSocketOptions,
  joined: Relay,
): WebSocketService {
  const relay = new WatchedRelay(joined);
  const port = options.port === undefined ? {} : { port: 0 };
  const all = Array.from(
    { length: count },
    (_, number) => new WebSocketService({ ...settings, options: { ...options, ...port, relay: relay.of(number) } }),
  );
  const [first] = all;
  if (first === undefined) throw new Error('A server has a node at least.');
  const state = { all, relay, next: 0, balancer: undefined as Balancer | undefined };
  const own: Readonly<Record<string, unknown>> = {
    open: async () => {
      await Promise.all(all.map((node) => node.open()));
      const ports = all.flatMap(({ address }) => address?.port ?? []);
      if (ports.length > 0) state.balancer ??= await Balancer.start(ports, options.port);
    },
    close: async () => {
      await Promise.all(all.map((node) => node.close()));
      await state.balancer?.close();
      state.balancer = undefined;
    },
    connect: (host: Parameters<WebSocketService['connect']>[0]) => {
      const ends = all.map((node) => node.connect(host));
      return () => {
        for (const end of ends) end();
      };
    },
    clientConfig: () => ({ ...first.clientConfig(), ...(state.balancer && { port: state.balancer.port }) }),
    // One node hears for all, so that each event comes once.
    subscribe: (channel: string) => first.subscribe(channel),
    unsubscribe: (channel: string) => first.unsubscribe(channel),
  };
  const service = new Proxy(first, {
    get: (_target, property) => {
      if (typeof property === 'string' && property in own) return own[property];
      if (property === 'address') return state.balancer && { host: '127.0.0.1', port: state.balancer.port };
      const node = all[state.next++ % count] ?? first;
      if (property === 'api') return apiOf(all, node);
      const value: unknown = Reflect.get(node, property, node);
      return typeof value === 'function' ? value.bind(node) : value;
    },
  });
  for (const each of [service, ...all]) states.set(each, state as State);
  return service;
}

function apiOf(all: readonly WebSocketService[], { api }: WebSocketService): WebSocketService['api'] {
  return new Proxy(api, {
    get: (_target, property) =>
      property === 'localConnections'
        ? all.reduce((sum, node) => sum + node.api.localConnections, 0)
        : Reflect.get(api, property),
  });
}
