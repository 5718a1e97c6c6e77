import type { Benchmark, Form, Progress, Result, Target } from './benchmark.ts';
import { Child } from './child.ts';
import { findNchan, nchanNote } from './nchan.ts';
import type { ClientCommands } from './processes/clients.ts';
import type { Burst, ServerCommands } from './processes/server-commands.ts';
import { compared, inTurns } from './rounds.ts';
import { summary } from './statistics.ts';
import type { DialectName } from './wire/dialects.ts';

const CONNECTIONS = { full: 1000, quick: 100 };

interface Load {
  readonly name: string;
  readonly events: number;
  readonly eventsPerTick: number;
  readonly dataBytes: number;
  /** Ticks before the server waits for the clients: large events would otherwise only measure how far it can run ahead. */
  readonly ticksAhead: number;
  /** By the peer's name. */
  readonly targets?: Readonly<Record<string, Target>>;
}

const loads: readonly Load[] = [
  {
    name: '100 B, one event a tick',
    events: 200,
    eventsPerTick: 1,
    dataBytes: 100,
    ticksAhead: 200,
    targets: { 'socket.io': { atLeast: 1.7 }, 'the bare loop': { atLeast: 0.85 } },
  },
  {
    name: '100 B, ten events a tick',
    events: 200,
    eventsPerTick: 10,
    dataBytes: 100,
    ticksAhead: 20,
    targets: { 'socket.io': { atLeast: 4 } },
  },
  { name: '16 kB, one event a tick', events: 50, eventsPerTick: 1, dataBytes: 16_384, ticksAhead: 1 },
  { name: '16 kB, ten events a tick', events: 50, eventsPerTick: 10, dataBytes: 16_384, ticksAhead: 1 },
];

/** A server in a process of its own, with its clients in another. */
class Contest implements AsyncDisposable {
  readonly #server: Child<ServerCommands>;
  readonly #clients: Child<ClientCommands>;
  readonly #connections: number;

  private constructor(server: Child<ServerCommands>, clients: Child<ClientCommands>, connections: number) {
    this.#server = server;
    this.#clients = clients;
    this.#connections = connections;
  }

  static async open(file: string, dialect: DialectName, connections: number): Promise<Contest> {
    const contest = new Contest(new Child(file), new Child('clients'), connections);
    try {
      const port = await contest.#server.ask('listen');
      await contest.#clients.ask('connect', { port, dialect, count: connections });
      return contest;
    } catch (error) {
      await contest[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Deliveries for each second of the server's CPU time. */
  async deliveriesPerCpuSecond({ events, eventsPerTick, dataBytes, ticksAhead }: Load): Promise<number> {
    const before = await this.#server.ask('cpuSeconds');
    const burst: Burst = { ticks: ticksAhead, eventsPerTick, dataBytes };
    const eventsPerBurst = ticksAhead * eventsPerTick;
    for (let sent = 0; sent < events; sent += eventsPerBurst) {
      await Promise.all([this.#clients.ask('receive', eventsPerBurst), this.#server.ask('publish', burst)]);
    }
    return (events * this.#connections) / ((await this.#server.ask('cpuSeconds')) - before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#server[Symbol.asyncDispose](), this.#clients[Symbol.asyncDispose]()]);
  }
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  const connections = CONNECTIONS[form];
  await using pushrail = await Contest.open('pushrail-server', 'channels', connections);
  await using socketIo = await Contest.open('socketio-server', 'socketIo', connections);
  await using bareLoop = await Contest.open('bare-server', 'bare', connections);
  await using nchan = findNchan() && (await Contest.open('nchan-server', 'bare', connections));
  progress(`${nchan ? 4 : 3} × ${connections} clients are connected`);
  const results: Result[] = [];
  for (const load of loads) {
    const figures = await inTurns<string, number>(form, {
      pushrail: () => pushrail.deliveriesPerCpuSecond(load),
      'socket.io': () => socketIo.deliveriesPerCpuSecond(load),
      'the bare loop': () => bareLoop.deliveriesPerCpuSecond(load),
      ...(nchan && { nchan: () => nchan.deliveriesPerCpuSecond(load) }),
    });
    const { pushrail: ours = [], ...peers } = figures;
    for (const [name, values] of Object.entries(figures))
      progress(`${load.name}: ${name} ${summary(values)} deliveries per CPU-second`);
    for (const [peerName, peer] of Object.entries(peers))
      results.push(compared(load.name, { unit: 'deliveries', ours, peer, peerName, target: load.targets?.[peerName] }));
  }
  return results;
}

export const fanOut: Benchmark = {
  name: 'fan-out',
  question: 'How many pages does a second of CPU time reach?',
  about: (form) =>
    `deliveries per CPU-second of the server, ${CONNECTIONS[form]} connections on one channel${nchanNote()}`,
  run,
};
