import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { Child } from './child.ts';
import { findNchan, nchanNote } from './nchan.ts';
import type { ClientCommands, Delays } from './processes/clients.ts';
import type { ServerCommands } from './processes/server-commands.ts';
import { compared, inTurns } from './rounds.ts';
import { median, summary } from './statistics.ts';
import type { DialectName } from './wire/dialects.ts';

const CONNECTIONS = { full: 1000, quick: 100 };
/** Events a second, one rate after the other. */
const RATES = { full: [25, 50, 100, 150, 200, 300], quick: [50, 150] };
/** How long each rate lasts in a round. */
const SECONDS = { full: 2, quick: 0.5 };
const ROUNDS = { full: 3, quick: 2 };
const DATA_BYTES = 100;
/** A contestant with a p99 above this is not measured at higher rates, as it would only fall further behind. */
const GIVEN_UP_MS = 1000;

/** A server in a process of its own, and its clients in another. */
interface Contestant extends AsyncDisposable {
  delays(eventsPerSecond: number): Promise<Delays>;
}

async function open(file: string, dialect: DialectName, form: Form): Promise<Contestant> {
  const server = new Child<ServerCommands>(file);
  const clients = new Child<ClientCommands>('clients');
  const close = async (): Promise<void> => {
    await Promise.all([server[Symbol.asyncDispose](), clients[Symbol.asyncDispose]()]);
  };
  try {
    const port = await server.ask('listen');
    await clients.ask('connect', { port, dialect, count: CONNECTIONS[form] });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async delays(eventsPerSecond) {
      const events = eventsPerSecond * SECONDS[form];
      const everyMs = 1000 / eventsPerSecond;
      await clients.ask('noteArrivals', events);
      const startsAt = await server.ask('publishAtPace', { events, everyMs, dataBytes: DATA_BYTES });
      return clients.ask('delays', { startsAt, everyMs });
    },
    [Symbol.asyncDispose]: close,
  };
}

/** Our figure beside that of each peer which is still in the race, or alone. */
function lines(curve: string, at: number, figures: Readonly<Record<string, readonly number[]>>): Result[] {
  const what = `${at} events a second, ${curve}`;
  const point = { curve, at };
  const { pushrail: ours = [], ...peers } = figures;
  const names = Object.keys(peers);
  if (names.length === 0) return [{ what, rounds: ours, unit: 'ms', point }];
  return names.map((peerName) => compared(what, { unit: 'ms', ours, peer: peers[peerName] ?? [], peerName, point }));
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  await using pushrail = await open('pushrail-server', 'channels', form);
  await using socketIo = await open('socketio-server', 'socketIo', form);
  await using ws = await open('ws-server', 'bare', form);
  await using nchan = findNchan() && (await open('nchan-server', 'bare', form));
  const results: Result[] = [];
  let inTheRace: readonly (readonly [name: string, Contestant])[] = [
    ['pushrail', pushrail],
    ['socket.io', socketIo],
    ['ws', ws],
    ...(nchan ? ([['nchan', nchan]] as const) : []),
  ];
  progress(`${inTheRace.length} × ${CONNECTIONS[form]} clients are connected`);
  for (const rate of RATES[form]) {
    const contestants = inTheRace.map(([name, contestant]) => [name, () => contestant.delays(rate)] as const);
    const isFirst = rate === RATES[form][0];
    const figures = await inTurns(form, Object.fromEntries(contestants), { rounds: ROUNDS, warmUp: isFirst });
    for (const kind of ['p50', 'p99'] as const) {
      const delays = Object.entries(figures).map(
        ([name, rounds]) => [name, rounds.map((round) => round[kind])] as const,
      );
      results.push(...lines(kind, rate, Object.fromEntries(delays)));
      const all = delays.map(([name, rounds]) => `${name} ${summary(rounds)}`);
      progress(`${rate} events a second, ${kind} in ms: ${all.join(', ')}`);
    }
    inTheRace = inTheRace.filter(([name]) => median((figures[name] ?? []).map(({ p99 }) => p99)) <= GIVEN_UP_MS);
    if (!inTheRace.some(([name]) => name === 'pushrail')) break;
  }
  return results;
}

export const latency: Benchmark = {
  name: 'latency',
  question: 'How late are events when they become many?',
  about: (form) =>
    `from the time that an event is due until a client has it, ${CONNECTIONS[form]} clients on one channel${nchanNote()}`,
  run,
};
