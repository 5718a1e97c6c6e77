import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { Child } from './child.ts';
import type { ClientCommands } from './processes/clients.ts';
import type { RoomServerCommands } from './processes/room-commands.ts';
import { compared, inTurns } from './rounds.ts';
import { grouped, summary } from './statistics.ts';
import type { DialectName } from './wire/dialects.ts';

const CONNECTIONS = { full: 1000, quick: 100 };
/** Rooms of each connection. */
const ROOMS_EACH = [1, 10, 50];
/** Events that one measurement takes at least. */
const EVENTS = { full: 10_000, quick: 1000 };
const DATA_BYTES = 100;

/** A server with many rooms of one client each, in a process of its own, with its clients in another. */
class RoomContest implements AsyncDisposable {
  readonly #server: Child<RoomServerCommands>;
  readonly #clients: Child<ClientCommands>;
  readonly #roomsEach: number;
  readonly #connections: number;

  private constructor(
    server: Child<RoomServerCommands>,
    clients: Child<ClientCommands>,
    roomsEach: number,
    connections: number,
  ) {
    this.#server = server;
    this.#clients = clients;
    this.#roomsEach = roomsEach;
    this.#connections = connections;
  }

  static async open(file: string, dialect: DialectName, roomsEach: number, connections: number): Promise<RoomContest> {
    const contest = new RoomContest(new Child(file), new Child('clients'), roomsEach, connections);
    try {
      const port = await contest.#server.ask('listen');
      await contest.#clients.ask('connect', { port, dialect, count: connections });
      const share = { roomsEach, from: 0 };
      await contest.#server.ask('join', share);
      if (dialect === 'idleChannels') await contest.#clients.ask('subscribe', share);
      return contest;
    } catch (error) {
      await contest[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Deliveries for each second of the server's CPU time. */
  async deliveriesPerCpuSecond(form: Form): Promise<number> {
    const rooms = this.#connections * this.#roomsEach;
    let events = 0;
    let seconds = 0;
    while (events < EVENTS[form]) {
      const [spent] = await Promise.all([
        this.#server.ask('publishToEach', rooms, DATA_BYTES),
        this.#clients.ask('receive', this.#roomsEach),
      ]);
      seconds += spent;
      events += rooms;
    }
    return events / seconds;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#server[Symbol.asyncDispose](), this.#clients[Symbol.asyncDispose]()]);
  }
}

async function compare(roomsEach: number, progress: Progress, form: Form): Promise<Result[]> {
  const connections = CONNECTIONS[form];
  const name = `${grouped(connections * roomsEach)} channels`;
  await using pushrail = await RoomContest.open('pushrail-rooms', 'idleChannels', roomsEach, connections);
  await using socketIo = await RoomContest.open('socketio-rooms', 'socketIo', roomsEach, connections);
  await using bare = await RoomContest.open('bare-rooms', 'bare', roomsEach, connections);
  const figures = await inTurns(form, {
    pushrail: () => pushrail.deliveriesPerCpuSecond(form),
    socketIo: () => socketIo.deliveriesPerCpuSecond(form),
    bare: () => bare.deliveriesPerCpuSecond(form),
  });
  for (const [who, values] of Object.entries(figures))
    progress(`${name}: ${who} ${summary(values)} deliveries per CPU-second`);
  const line = { unit: 'deliveries', ours: figures.pushrail };
  return [
    compared(name, { ...line, peer: figures.socketIo, peerName: "socket.io's rooms", target: { atLeast: 1.2 } }),
    compared(name, { ...line, peer: figures.bare, peerName: 'a bare write' }),
  ];
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  const results: Result[] = [];
  for (const roomsEach of ROOMS_EACH) results.push(...(await compare(roomsEach, progress, form)));
  return results;
}

export const rooms: Benchmark = {
  name: 'rooms',
  question: 'How fast are many channels with one subscriber each?',
  about: (form) =>
    `deliveries per CPU-second of the server, ${CONNECTIONS[form]} connections, one subscriber a channel, one event a tick`,
  run,
};
