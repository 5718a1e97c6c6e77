import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { ServedNodes } from './relay-nodes.ts';
import { compared, inTurns } from './rounds.ts';
import { grouped, summary } from './statistics.ts';

/** Of each of two nodes. */
const CONNECTIONS = { full: 500, quick: 50 };
const CHANNELS_EACH = 10;
/** The figures hardly differ from round to round. */
const ROUNDS = { full: 3, quick: 1 };
const DATA_BYTES = 100;

/** What one event to each channel brought to a node, and what its clients got. */
interface Figures {
  readonly messages: number;
  readonly bytes: number;
  readonly deliveries: number;
  readonly deliveredBytes: number;
}

async function measured(served: ServedNodes, form: Form): Promise<Figures[]> {
  const { nodes, clients } = served;
  const each = CONNECTIONS[form] * CHANNELS_EACH;
  const soFar = (): Promise<Figures[]> =>
    Promise.all(
      nodes.all.map(async (node, index) => ({
        ...(await node.ask('fromRedis')),
        deliveries: 0,
        deliveredBytes: (await clients[index]?.ask('bytes')) ?? 0,
      })),
    );
  const before = await soFar();
  await served.deliver(CHANNELS_EACH, () => nodes.first.ask('publishToRooms', each * nodes.all.length, DATA_BYTES));
  return (await soFar()).map((after, index) => ({
    messages: after.messages - (before[index]?.messages ?? 0),
    bytes: after.bytes - (before[index]?.bytes ?? 0),
    deliveries: each,
    deliveredBytes: after.deliveredBytes - (before[index]?.deliveredBytes ?? 0),
  }));
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  const each = CONNECTIONS[form] * CHANNELS_EACH;
  await using served = await ServedNodes.open('relay-pushrail', 'idleChannels', [CONNECTIONS[form]], {
    isWatched: true,
  });
  await Promise.all(
    served.clients.map((child, index) => child.ask('subscribe', { roomsEach: CHANNELS_EACH, from: index * each })),
  );
  progress(`2 × ${grouped(each)} channels are subscribed to`);
  const { rounds } = await inTurns(form, { rounds: () => measured(served, form) }, { rounds: ROUNDS });
  return ['the node that sends', 'the other node'].flatMap((name, node) => {
    const figures = rounds.flatMap((round) => round[node] ?? []);
    const part = (key: keyof Figures): number[] => figures.map((figure) => figure[key]);
    progress(`${name}: ${summary(part('messages'))} messages, ${summary(part('bytes'))} B`);
    return [
      compared(`${name}: messages`, {
        unit: 'from Redis',
        ours: part('messages'),
        peer: part('deliveries'),
        peerName: 'to clients',
        target: { atMost: 1.05 },
      }),
      compared(`${name}: bytes`, {
        unit: 'B from Redis',
        ours: part('bytes'),
        peer: part('deliveredBytes'),
        peerName: 'to clients',
      }),
    ];
  });
}

export const relayChannels: Benchmark = {
  name: 'relay-channels',
  question: 'Does a node hear only what is for its own clients?',
  about: (form) =>
    `what Redis hands to a node, and what the node hands to its clients, an event to each of ${grouped(2 * CONNECTIONS[form] * CHANNELS_EACH)} channels that have one subscriber each, half of them on either node`,
  run,
};
