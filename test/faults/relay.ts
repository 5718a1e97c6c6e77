import { randomUUID } from 'node:crypto';
import { onTestFinished, vi } from 'vitest';
import { WebSocketService } from '../../src/backends/websocket/index.js';
import { createPushService, DeliveryError, type SendReport } from '../../src/index.js';
import { redisRelay } from '../../src/server/relay/redis/index.js';
import { Client } from '../server/support/client.js';
import { credentials } from '../server/support/server.js';
import { FaultyProxy } from '../support/faulty-proxy.js';
import { startRedis, type TestRedis } from '../support/redis.js';

/** A line that a node has logged. */
interface Line {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
  readonly fields: Record<string, unknown>;
}

/** Most that something may take that has to come to pass, in milliseconds: a lease of 15 s, and time to connect. */
export const SOON = { timeout: 40_000, interval: 50 } as const;

/** A node of the embedded server in this process, which ends with the test. */
export class Node {
  readonly service: WebSocketService;
  readonly lines: Line[] = [];
  readonly spans: { readonly since: Date; readonly until: Date }[] = [];
  readonly push: ReturnType<typeof createPushService>;

  constructor(port: number, prefix: string, password = '') {
    const log =
      (level: Line['level']) =>
      (fields: object, text = ''): void =>
        void this.lines.push({ level, text, fields: fields as Record<string, unknown> });
    this.service = new WebSocketService({
      ...credentials,
      options: {
        ...{ port: 0, host: '127.0.0.1', closeTimeoutMs: 200 },
        relay: redisRelay(`redis://${password && `:${password}@`}127.0.0.1:${port}`, { prefix }),
      },
    });
    this.service.api.onDeaf((span) => void this.spans.push(span));
    this.push = createPushService({
      backend: this.service,
      retries: 0,
      timeout: 30_000,
      logger: { debug() {}, info: log('info'), warn: log('warn'), error: log('error') },
    });
    onTestFinished(() => this.push.close());
  }

  /** A client that is on a channel, as a member on a presence channel. */
  async client(channel: string, user: string): Promise<Client> {
    const client = await Client.connect(this.service);
    await client.join(this.service, channel, channel.startsWith('presence-') ? { id: user } : undefined);
    return client;
  }

  /** The members of a presence channel, as a new subscriber is told of them, without himself. */
  async members(channel: string): Promise<readonly string[]> {
    const client = await Client.connect(this.service);
    try {
      const member = { id: `watcher ${randomUUID()}` };
      const { presence } = (await client.join(this.service, channel, member)) as { presence: { ids: string[] } };
      return presence.ids.filter((id) => !id.startsWith('watcher')).toSorted();
    } finally {
      await client.close();
    }
  }

  send(channel: string, number: number): Promise<SendReport> {
    return this.push.send({ event: 'n', channels: [channel], data: { number } });
  }

  /** How a send ends: `accepted`, or the outcome of its error. */
  async outcome(channel: string, number: number): Promise<string> {
    try {
      return (await this.send(channel, number)).status;
    } catch (error) {
      if (error instanceof DeliveryError) return error.outcome;
      throw error;
    }
  }
}

/** Nodes that a Redis of their own joins, which they reach by a proxy. All of it ends with the test. */
export interface JoinedNodes {
  readonly redis: TestRedis;
  readonly proxy: FaultyProxy;
  readonly nodes: readonly [Node, Node];
  /** A node that is not open. */
  another(password?: string): Node;
}

/** @param flags of Redis */
export async function joinedNodes(...flags: readonly string[]): Promise<JoinedNodes> {
  const redis = await startRedis(...flags);
  if (redis === undefined) throw new Error('This needs redis-server, which is not installed.');
  onTestFinished(() => redis.close());
  const proxy = await FaultyProxy.start(redis.port);
  onTestFinished(() => proxy.close());
  const prefix = `test-${randomUUID()}:`;
  const another = (password?: string): Node => new Node(proxy.port, prefix, password);
  const nodes = [another(), another()] as const;
  await Promise.all(nodes.map(({ push }) => push.ready()));
  return { redis, proxy, nodes, another };
}

/** The numbers of the messages that a client has got, in their order. */
export function numbersOf(client: Client): number[] {
  return client.received
    .filter(({ event }) => event === 'n')
    .map((message) => client.dataOf(message)['number'] as number);
}

/** Waits until a node's sends are accepted again. */
export async function whenAccepted(node: Node, channel: string): Promise<void> {
  await vi.waitUntil(async () => (await node.outcome(channel, -1)) === 'accepted', SOON);
}
