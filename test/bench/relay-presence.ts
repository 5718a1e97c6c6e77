import { setTimeout as wait } from 'node:timers/promises';
import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { Child } from './child.ts';
import type { PresenceClientCommands } from './processes/presence-clients.ts';
import { Nodes, type NodesOptions } from './relay-nodes.ts';
import { compared, inTurns } from './rounds.ts';
import { grouped, summary } from './statistics.ts';

/** How many join. */
const USERS = { full: 1000, quick: 100 };
const ROUNDS = { full: 3, quick: 1 };
/** For what the nodes still do when their clients have left, in milliseconds. */
const SETTLE_MS = 300;

type How = Parameters<PresenceClientCommands['join']>[0];

/** CPU time, in seconds. */
interface Figures {
  /** Of all nodes, for each kilobyte that the members got. */
  readonly kilobyte: number;
  /** Of all nodes. */
  readonly join: number;
  readonly redis: number;
}

/** Nodes with a presence channel, and two processes of clients that join it: each at a node of its own, or both at one. */
class Contest implements AsyncDisposable {
  readonly #nodes: Nodes;
  readonly #clients = [0, 1].map(() => new Child<PresenceClientCommands>('presence-clients'));

  private constructor(nodes: Nodes) {
    this.#nodes = nodes;
  }

  static async open(options: NodesOptions): Promise<Contest> {
    return new Contest(await Nodes.open('relay-pushrail', options));
  }

  async measure(users: number, how: How): Promise<Figures> {
    const { ports } = this.#nodes;
    const count = users / this.#clients.length;
    await this.#each((child, index) => {
      const port = ports[index % ports.length] ?? 0;
      return child.ask('connect', { port, dialect: 'channels', count, from: index * count });
    });
    let bytes = 0;
    const { nodes, redis } = await this.#nodes.cpuSecondsOf(async () => {
      const got = await this.#each((child) => child.ask('join', how, users));
      bytes = got.reduce((sum, part) => sum + part);
    });
    await this.#each((child) => child.ask('leave'));
    await wait(SETTLE_MS);
    return { kilobyte: nodes / (bytes / 1000), join: nodes / users, redis: redis / users };
  }

  #each<Found>(ask: (child: Child<PresenceClientCommands>, index: number) => Promise<Found>): Promise<Found[]> {
    return Promise.all(this.#clients.map(ask));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#clients, this.#nodes].map((each) => each[Symbol.asyncDispose]()));
  }
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  const users = USERS[form];
  await using two = await Contest.open({ count: 2 });
  await using one = await Contest.open({ count: 1, isJoined: false });
  const results: Result[] = [];
  for (const how of ['at once', 'in turn'] as const) {
    const figures = await inTurns(
      form,
      { two: () => two.measure(users, how), one: () => one.measure(users, how) },
      { rounds: ROUNDS },
    );
    const partOf = (name: keyof typeof figures, part: keyof Figures): number[] =>
      figures[name].map((figure) => figure[part]);
    const line = (what: string, part: keyof Figures): Result =>
      compared(`${how}: ${what}`, {
        unit: 'µs of CPU',
        ours: partOf('two', part),
        peer: partOf('one', part),
        peerName: 'one node',
        scale: 1e6,
        ...(part === 'kilobyte' && { target: { atMost: 2 } }),
      });
    results.push(line('a kilobyte sent', 'kilobyte'), line('a join', 'join'));
    const redis = partOf('two', 'redis').map((seconds) => seconds * 1e6);
    results.push({ what: `${how}: Redis, for a join`, rounds: redis, unit: 'µs of CPU' });
    progress(`${how}: ${summary(partOf('two', 'kilobyte'))} and ${summary(partOf('one', 'kilobyte'))} s of CPU a kB`);
  }
  return results;
}

export const relayPresence: Benchmark = {
  name: 'relay-presence',
  question: 'What does a join cost through two nodes?',
  about: (form) =>
    `CPU time of two nodes together, which Redis joins, when ${grouped(USERS[form])} users join one presence channel, half of them on either node`,
  run,
};
