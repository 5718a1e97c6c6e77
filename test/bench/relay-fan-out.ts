import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import type { Burst } from './processes/server-commands.ts';
import { ServedNodes } from './relay-nodes.ts';
import { compared, inTurns } from './rounds.ts';
import { grouped, summary } from './statistics.ts';

/** Of each node. */
const CONNECTIONS = { full: 1000, quick: 100 };
const EVENTS = 200;

/** The second one has the server wait for the clients: otherwise it would only be measured how far it can run ahead. */
const loads: readonly { readonly name: string; readonly burst: Burst }[] = [
  { name: 'one event a tick', burst: { ticks: 200, eventsPerTick: 1, dataBytes: 100 } },
  { name: 'ten events a tick', burst: { ticks: 20, eventsPerTick: 10, dataBytes: 100 } },
];

/** What one measurement found. */
interface Figures {
  /** For each second of CPU time of both nodes together. */
  readonly deliveries: number;
  /** CPU time of Redis for one event, in seconds. */
  readonly redis: number;
}

async function measured(served: ServedNodes, burst: Burst, form: Form): Promise<Figures> {
  const eventsPerBurst = burst.ticks * burst.eventsPerTick;
  const { nodes, redis } = await served.nodes.cpuSecondsOf(async () => {
    for (let sent = 0; sent < EVENTS; sent += eventsPerBurst)
      await served.deliver(eventsPerBurst, () => served.nodes.first.ask('publish', burst));
  });
  return { deliveries: (EVENTS * CONNECTIONS[form] * served.nodes.all.length) / nodes, redis: redis / EVENTS };
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  const counts = [CONNECTIONS[form]];
  await using pushrail = await ServedNodes.open('relay-pushrail', 'channels', counts);
  await using socketIo = await ServedNodes.open('relay-socketio', 'socketIo', counts);
  progress(`2 × 2 × ${grouped(CONNECTIONS[form])} clients are connected`);
  const results: Result[] = [];
  for (const { name, burst } of loads) {
    const figures = await inTurns(form, {
      pushrail: () => measured(pushrail, burst, form),
      socketIo: () => measured(socketIo, burst, form),
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
