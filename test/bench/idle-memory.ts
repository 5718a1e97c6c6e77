import type { Benchmark, Form, Progress, Result, Target } from './benchmark.ts';
import { Child } from './child.ts';
import type { ClientCommands } from './processes/clients.ts';
import type { ServerCommands } from './processes/server-commands.ts';
import type { Memory } from './processes/usage.ts';
import { compared, inTurns } from './rounds.ts';
import { summary } from './statistics.ts';
import type { DialectName } from './wire/dialects.ts';

const CONNECTIONS = { full: 5000, quick: 500 };
const ROUNDS = { full: 5, quick: 1 };
/** Opened before the first look, so that what is loaded and compiled with the first connections is not counted. */
const FIRST_CONNECTIONS = 200;

/** Bytes for each idle connection, of which each is on one channel. */
async function memoryPerConnection(file: string, dialect: DialectName, connections: number): Promise<Memory> {
  await using server = new Child<ServerCommands>(file, ['--expose-gc']);
  await using clients = new Child<ClientCommands>('clients');
  const port = await server.ask('listen');
  await clients.ask('connect', { port, dialect, count: FIRST_CONNECTIONS });
  const before = await server.ask('memory');
  await clients.ask('connect', { port, dialect, count: connections });
  const after = await server.ask('memory');
  return { rss: (after.rss - before.rss) / connections, heap: (after.heap - before.heap) / connections };
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  const connections = CONNECTIONS[form];
  const figures = await inTurns(
    form,
    {
      pushrail: () => memoryPerConnection('pushrail-server', 'channels', connections),
      socketIo: () => memoryPerConnection('socketio-server', 'socketIo', connections),
      bareLoop: () => memoryPerConnection('bare-server', 'bare', connections),
    },
    { rounds: ROUNDS, warmUp: false },
  );
  for (const [name, values] of Object.entries(figures)) {
    const [rss, heap] = [values.map((memory) => memory.rss), values.map((memory) => memory.heap)];
    progress(`${name}: ${summary(rss)} bytes of RSS a connection, ${summary(heap)} of heap and external memory`);
  }
  const against = (name: 'socketIo' | 'bareLoop', peerName: string, target?: Target): Result[] =>
    (['rss', 'heap'] as const).map((part) =>
      compared(part === 'rss' ? 'resident memory' : 'heap and external memory', {
        unit: 'B',
        ours: figures.pushrail.map((memory) => memory[part]),
        peer: figures[name].map((memory) => memory[part]),
        peerName,
        target,
      }),
    );
  return [...against('socketIo', 'socket.io', { atMost: 1 }), ...against('bareLoop', 'ws alone')];
}

export const idleMemory: Benchmark = {
  name: 'idle-memory',
  question: 'How much memory does a connection take?',
  about: (form) => `memory of the server for one of ${CONNECTIONS[form]} idle connections`,
  run,
};
