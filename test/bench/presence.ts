import { setTimeout as wait } from 'node:timers/promises';
import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { Child } from './child.ts';
import type { PresenceClientCommands } from './processes/presence-clients.ts';
import type { ServerCommands } from './processes/server-commands.ts';
import { compared, inTurns } from './rounds.ts';
import { grouped, summary } from './statistics.ts';
import type { PresenceDialectName } from './wire/presence-dialects.ts';

/** How many join, the fewest first. */
const SIZES = { full: [250, 500, 1000], quick: [50, 200] };
const ROUNDS = { full: 3, quick: 1 };
/** For what a server still does when its clients have left, in milliseconds. */
const SETTLE_MS = 100;

type How = Parameters<PresenceClientCommands['join']>[0];

/** CPU time of the server, in milliseconds. */
interface Figures {
  readonly join: number;
  /** For each kilobyte that the members got. */
  readonly kilobyte: number;
  /** For one of the half that leaves while the other half stays. */
  readonly leave: number;
}

/** A server with a presence channel, and the clients that join it. */
class Contest implements AsyncDisposable {
  readonly #server: Child<Pick<ServerCommands, 'listen' | 'cpuSeconds'>>;
  readonly #clients: Child<PresenceClientCommands> = new Child('presence-clients');
  readonly #dialect: PresenceDialectName;
  readonly #port: Promise<number>;

  constructor(file: string, dialect: PresenceDialectName) {
    this.#server = new Child(file);
    this.#dialect = dialect;
    this.#port = this.#server.ask('listen');
  }

  async measure(count: number, how: How): Promise<Figures> {
    await this.#clients.ask('connect', { port: await this.#port, dialect: this.#dialect, count });
    let bytes = 0;
    const join = await this.#cpuMs(async () => {
      bytes = await this.#clients.ask('join', how);
    });
    const leave = await this.#cpuMs(() => this.#clients.ask('part', count / 2));
    await this.#clients.ask('leave');
    await wait(SETTLE_MS);
    return { join: join / count, kilobyte: join / (bytes / 1000), leave: leave / (count / 2) };
  }

  async #cpuMs(work: () => Promise<void>): Promise<number> {
    const before = await this.#server.ask('cpuSeconds');
    await work();
    return ((await this.#server.ask('cpuSeconds')) - before) * 1000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#server[Symbol.asyncDispose](), this.#clients[Symbol.asyncDispose]()]);
  }
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  await using pushrail = new Contest('presence-pushrail', 'channels');
  await using socketIo = new Contest('presence-socketio', 'socketIo');
  const results: Result[] = [];
  const kilobytes: number[][] = [];
  const compare = async (size: number, how: How): Promise<void> => {
    const figures = await inTurns(
      form,
      { pushrail: () => pushrail.measure(size, how), socketIo: () => socketIo.measure(size, how) },
      { rounds: ROUNDS },
    );
    const partOf = (name: keyof typeof figures, part: keyof Figures): number[] =>
      figures[name].map((figure) => figure[part]);
    for (const part of ['join', 'leave'] as const) {
      for (const name of ['pushrail', 'socketIo'] as const)
        progress(`${grouped(size)} ${how}: ${name} ${summary(partOf(name, part))} ms of CPU a ${part}`);
      const line = compared(`${grouped(size)} ${how}: a ${part}`, {
        unit: 'µs of CPU',
        ours: partOf('pushrail', part),
        peer: partOf('socketIo', part),
        peerName: 'socket.io',
        scale: 1000,
        target: part === 'join' ? { atMost: 0.2 } : undefined,
      });
      results.push(line);
    }
    if (how === 'at once') kilobytes.push(partOf('pushrail', 'kilobyte'));
  };
  const sizes = SIZES[form];
  const [least = 0, most = 0] = [sizes[0], sizes.at(-1)];
  for (const size of sizes) await compare(size, 'at once');
  await compare(most, 'in turn');
  const growth = compared(`${grouped(most)} at once: a kilobyte sent`, {
    unit: 'µs of CPU',
    ours: kilobytes.at(-1) ?? [],
    peer: kilobytes[0] ?? [],
    peerName: `${grouped(least)} users`,
    scale: 1000,
    target: { atMost: 1.2 },
  });
  results.push(growth);
  return results;
}

export const presence: Benchmark = {
  name: 'presence',
  question: 'What does a join cost?',
  about: (form) =>
    `CPU time of the server when up to ${grouped(SIZES[form].at(-1) ?? 0)} users join one presence channel`,
  run,
};
