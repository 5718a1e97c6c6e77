import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import type { Burst } from './processes/server-commands.ts';
import { ServedNodes } from './relay-nodes.ts';
import { compared, inTurns } from './rounds.ts';
import { grouped, summary } from './statistics.ts';

/** Of each node. */
const CONNECTIONS = { full: 1000, quick: 100 };
const EVENTS = 200;

/**
 * After each tick the clients are waited for. Otherwise a node that is behind gets several events at once, and it would
 * only be measured how far it lags.
 */
const loads: readonly { readonly name: string; readonly tick: Burst }[] = [
  { name: 'one event a tick', tick: { ticks: 1, eventsPerTick: 1, dataBytes: 100 } },
  { name: 'ten events a tick', tick: { ticks: 1, eventsPerTick: 10, dataBytes: 100 } },
];

/** What one measurement found. */
interface Figures {
  /** For each second of CPU time of both nodes together. */
  readonly deliveries: number;
  /** CPU time of Redis for one event, in seconds. */
  readonly redis: number;
}

async function measured(served: ServedNodes, tick: Burst, form: Form): Promise<Figures> {
  const { nodes, redis } = await served.nodes.cpuSecondsOf(async () => {
    for (let sent = 0; sent < EVENTS; sent += tick.eventsPerTick)
      await served.deliver(tick.eventsPerTick, () => served.nodes.first.ask('publish', tick));
  });
  return { deliveries: (EVENTS * CONNECTIONS[form] * served.nodes.all.length) / nodes, redis: redis / EVENTS };
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  const counts = [CONNECTIONS[form]];
  await using pushrail = await ServedNodes.open('relay-pushrail', 'channels', counts);
  await using socketIo = await ServedNodes.open('relay-socketio', 'socketIo', counts);
  progress(`2 × 2 × ${grouped(CONNECTIONS[form])} clients are connected`);
  const results: Result[] = [];
  for (const { name, tick } of loads) {
    const figures = await inTurns(form, {
      pushrail: () => measured(pushrail, tick, form),
      socketIo: () => measured(socketIo, tick, form),
    });
    const [ours, peer] = [figures.pushrail, figures.socketIo];
    const deliveries = {
      ours: ours.map(({ deliveries }) => deliveries),
      peer: peer.map(({ deliveries }) => deliveries),
    };
    const redis = { ours: ours.map(({ redis }) => redis), peer: peer.map(({ redis }) => redis) };
    progress(`${name}: pushrail ${summary(deliveries.ours)}, socket.io ${summary(deliveries.peer)} a CPU-second`);
    const peerName = 'socket.io';
    results.push(
      compared(name, { unit: 'deliveries', ...deliveries, peerName, target: { atLeast: 1.5 } }),
      compared(`${name}: Redis, for an event`, { unit: 'µs of CPU', ...redis, peerName, scale: 1e6 }),
    );
  }
  return results;
}

export const relayFanOut: Benchmark = {
  name: 'relay-fan-out',
  question: 'How many pages does a second of CPU time reach through two nodes?',
  about: (form) =>
    `deliveries per CPU-second of two nodes together, which Redis joins, 100 B, ${grouped(CONNECTIONS[form])} connections on each; socket.io with its sharded adapter for Redis`,
  run,
};
