import { setTimeout as wait } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { expect, onTestFinished, test, vi } from 'vitest';
import { slotOf } from '../../src/server/relay/redis/slots.js';
import type { RedisRelayClient } from '../../src/server/relay/redis/source.js';
import { type OpenedTransport, opened } from '../server/relay/support/relay-host.js';
import { ask, startCluster, type TestCluster } from '../support/redis-cluster.js';
import { withRedis } from '../support/with-redis.js';

const libraries: [name: string, make: (ports: readonly number[]) => RedisRelayClient][] = [
  [
    'ioredis',
    (ports) =>
      new Cluster(
        ports.map((port) => ({ host: '127.0.0.1', port })),
        { lazyConnect: true },
      ),
  ],
  ['redis', (ports) => createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) })],
];

const startOurs = (): Promise<TestCluster | undefined> =>
  startCluster({ masters: 3, withReplicas: true, flags: ['--cluster-node-timeout', '2000'] });

for (const [library, make] of libraries)
  await withRedis(`a relay in a Redis Cluster, with ${library},`, startOurs, (cluster) => {
    test('loses nothing outside the spans that it tells when a replica takes over', async () => {
      const flow = await Flow.start(await opened(make(cluster.ports)));
      await ask(cluster.replicas[0] as never, 'CLUSTER', 'FAILOVER');
      await flow.untilDeafAndBack();
      await flow.end();
    });

    test('loses nothing outside the spans that it tells when a slot moves', async () => {
      const open = await opened(make(cluster.ports));
      const flow = await Flow.start(open);
      const [, source, target] = cluster.masters as [never, never, never];
      // A slot of the second master, with keys in it.
      const partition = 30;
      const name = open.transport.name(partition, 'kept');
      const slot = slotOf(/\{(.*?)\}/.exec(name)?.[1] ?? '');
      const [sourceId, targetId] = [
        await ask(source, 'CLUSTER', 'MYID'),
        await ask(target, 'CLUSTER', 'MYID'),
      ] as string[];
      await ask(source, 'SET', name, 'value', 'PX', 60_000);
      await ask(target, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId as string);
      await ask(source, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId as string);
      await wait(300);
      await ask(source, 'MIGRATE', '127.0.0.1', (target as { port: number }).port, name, 0, 5000);
      await wait(300);
      await ask(target, 'CLUSTER', 'SETSLOT', slot, 'NODE', targetId as string);
      await ask(source, 'CLUSTER', 'SETSLOT', slot, 'NODE', targetId as string);
      await flow.untilDeafAndBack();
      await flow.end();
      expect(await ask(target, 'GET', name)).toBe('value');
    });

    test('loses nothing outside the spans that it tells when a master is killed', async () => {
      const flow = await Flow.start(await opened(make(cluster.ports)));
      await cluster.masters[2]?.close();
      await flow.untilDeafAndBack();
      await flow.end();
    }, 60_000);
  });

interface Sent {
  readonly text: string;
  readonly partition: number;
  readonly at: number;
  readonly isAccepted: boolean;
}

/** Publishes to a channel of each partition, again and again, and keeps what has been accepted. */
class Flow {
  readonly #open: OpenedTransport;
  readonly #channels: readonly string[];
  readonly #sent: Sent[] = [];
  readonly #running: Promise<void>;
  #isEnding = false;

  private constructor(open: OpenedTransport, channels: readonly string[]) {
    this.#open = open;
    this.#channels = channels;
    this.#running = this.#run();
  }

  static async start(open: OpenedTransport): Promise<Flow> {
    const { transport } = open;
    const channels = Array.from({ length: transport.partitions }, (_, partition) => transport.name(partition, 'flow'));
    await Promise.all(channels.map((channel, partition) => transport.subscribe(partition, [channel])));
    const flow = new Flow(open, channels);
    onTestFinished(() => {
      flow.#isEnding = true;
    });
    await wait(200);
    return flow;
  }

  async untilDeafAndBack(): Promise<void> {
    const { host } = this.#open;
    await vi.waitFor(() => expect(host.deafCalls).not.toEqual([]), { timeout: 20_000, interval: 20 });
    await vi.waitFor(() => expect(host.isHearing).toBe(true), { timeout: 30_000, interval: 20 });
    await wait(500);
    await vi.waitFor(() => expect(host.isHearing).toBe(true), { timeout: 30_000, interval: 20 });
  }

  /** Ends it, and looks for what was lost, doubled or heard in another order. */
  async end(): Promise<void> {
    const { host } = this.#open;
    const until = Date.now();
    // Everything works again.
    await vi.waitFor(() => {
      const last = this.#sent.filter(({ at }) => at > until).slice(-this.#channels.length);
      expect(last).toHaveLength(this.#channels.length);
      expect(last.every(({ isAccepted }) => isAccepted)).toBe(true);
    }, 20_000);
    this.#isEnding = true;
    await this.#running;
    const accepted = this.#sent.filter(({ isAccepted }) => isAccepted);
    const isDeaf = ({ partition, at }: Sent): boolean =>
      host.spans.some((span) => span.partitions.includes(partition) && span.since <= at && at <= span.until);
    const expected = accepted.filter((sent) => !isDeaf(sent));
    const texts = (): Set<string> => new Set(host.messages.map(({ payload }) => payload.toString()));
    await vi.waitFor(() => {
      const heard = texts();
      expect(expected.filter(({ text }) => !heard.has(text)).slice(0, 5)).toEqual([]);
    });
    expect(host.messages.length).toBe(texts().size);
    for (const channel of this.#channels) {
      const numbers = host.texts(channel).map((text) => Number(text.split(' ')[1]));
      expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
    }
  }

  async #run(): Promise<void> {
    for (let number = 0; !this.#isEnding; number++) {
      await Promise.all(this.#channels.map((channel, partition) => this.#send(channel, partition, number)));
      await wait(5);
    }
  }

  async #send(channel: string, partition: number, number: number): Promise<void> {
    const text = `${partition} ${number}`;
    const at = Date.now();
    const isAccepted = await this.#open.publish(channel, text).then(
      () => true,
      () => false,
    );
    this.#sent.push({ text, partition, at, isAccepted });
  }
}
