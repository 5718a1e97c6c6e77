import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { Child } from './child.ts';
import type { ClientCommands } from './processes/clients.ts';
import type { RoomServerCommands, RoomShare } from './processes/room-commands.ts';
import { inTurns } from './rounds.ts';
import { summary } from './statistics.ts';
import type { DialectName } from './wire/dialects.ts';

const CONNECTIONS = { full: 500, quick: 100 };
const CHANNELS_EACH = 100;
/** The figure hardly differs from round to round. */
const ROUNDS = { full: 3, quick: 1 };

/** Bytes of heap and external memory for one subscription, each to a channel of its own. */
async function bytesPerSubscription(file: string, dialect: DialectName, connections: number): Promise<number> {
  await using server = new Child<RoomServerCommands>(file, ['--expose-gc']);
  await using clients = new Child<ClientCommands>('clients');
  const port = await server.ask('listen');
  await clients.ask('connect', { port, dialect, count: connections });
  const enter = async (share: RoomShare): Promise<void> => {
    await server.ask('join', share);
    if (dialect === 'idleChannels') await clients.ask('subscribe', share);
  };
  // With the first ones, what all of them need is loaded and compiled.
  await enter({ roomsEach: 1, from: 0 });
  const before = await server.ask('memory');
  await enter({ roomsEach: CHANNELS_EACH, from: connections });
  const after = await server.ask('memory');
  return (after.heap - before.heap) / (connections * CHANNELS_EACH);
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  const connections = CONNECTIONS[form];
  const figures = await inTurns(
    form,
    {
      pushrail: () => bytesPerSubscription('pushrail-rooms', 'idleChannels', connections),
      socketIo: () => bytesPerSubscription('socketio-rooms', 'socketIo', connections),
    },
    { rounds: ROUNDS, warmUp: false },
  );
  for (const [name, values] of Object.entries(figures)) progress(`${name}: ${summary(values)} bytes a subscription`);
  const measured = { unit: 'B', ours: figures.pushrail, peer: figures.socketIo, peerName: 'one room of socket.io' };
  return [{ what: 'one subscription', rounds: figures.pushrail, unit: 'B', measured, target: { atMost: 200 } }];
}

export const subscriptionMemory: Benchmark = {
  name: 'subscription-memory',
  question: 'How much memory does a subscription take?',
  about: (form) =>
    `heap of the server for one subscription to a channel of its own, ${CONNECTIONS[form]} connections with ${CHANNELS_EACH} channels each`,
  run,
};
