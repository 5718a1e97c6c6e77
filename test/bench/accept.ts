import { setTimeout as wait } from 'node:timers/promises';
import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { Child } from './child.ts';
import type { ClientCommands } from './processes/clients.ts';
import type { ServerCommands } from './processes/server-commands.ts';
import { compared, inTurns } from './rounds.ts';
import { summary } from './statistics.ts';

const CONNECTIONS = { full: 300, quick: 200 };
/** Many short ones: what else the machine does would hit one contestant of a long one alone. */
const ROUNDS = { full: 40, quick: 5 };
/** For what a server still does when its clients have left, in milliseconds. */
const SETTLE_MS = 20;

/** A server that tells each client something as soon as it is in, and its clients. */
class Contest implements AsyncDisposable {
  readonly #server: Child<Pick<ServerCommands, 'listen' | 'cpuSeconds'>>;
  readonly #clients: Child<ClientCommands>;
  readonly #port: Promise<number>;

  constructor(file: string) {
    this.#server = new Child(file);
    this.#clients = new Child('clients');
    this.#port = this.#server.ask('listen');
  }

  /** Connections that the server lets in for each second of its CPU time. */
  async acceptedPerCpuSecond(count: number): Promise<number> {
    const port = await this.#port;
    const before = await this.#server.ask('cpuSeconds');
    await this.#clients.ask('connect', { port, dialect: 'welcome', count });
    const accepted = count / ((await this.#server.ask('cpuSeconds')) - before);
    await this.#clients.ask('leave');
    await wait(SETTLE_MS);
    return accepted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#server[Symbol.asyncDispose](), this.#clients[Symbol.asyncDispose]()]);
  }
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  const connections = CONNECTIONS[form];
  await using pushrail = new Contest('pushrail-server');
  await using ws = new Contest('accept-server');
  const figures = await inTurns(
    form,
    {
      pushrail: () => pushrail.acceptedPerCpuSecond(connections),
      ws: () => ws.acceptedPerCpuSecond(connections),
    },
    { rounds: ROUNDS },
  );
  for (const [name, values] of Object.entries(figures))
    progress(`${name}: ${summary(values)} connections per CPU-second`);
  return [
    compared('connections let in', {
      unit: 'a CPU-second',
      ours: figures.pushrail,
      peer: figures.ws,
      peerName: 'ws',
      target: { atLeast: 0.95 },
    }),
  ];
}

export const accepting: Benchmark = {
  name: 'accept',
  question: 'How fast are connections let in?',
  about: (form) => `connections let in per CPU-second of the server, ${CONNECTIONS[form]} at a time`,
  run,
};
