import type { Benchmark, Form, Progress, Result, Target } from './benchmark.ts';
import { Child } from './child.ts';
import type { HttpServerCommands } from './processes/bare-http.ts';
import type { LoadCommands } from './processes/request-load.ts';
import { compared, inTurns } from './rounds.ts';
import { summary } from './statistics.ts';
import type { RequestKind } from './wire/http-requests.ts';

const ROUNDS = { full: 15, quick: 3 };
const REQUESTS = { full: 3000, quick: 500 };
const CONNECTIONS = 200;

interface Load {
  readonly kind: RequestKind;
  readonly name: string;
  readonly target?: Target;
}

const loads: readonly Load[] = [
  { kind: 'event', name: 'POST /events of the embedded server', target: { atLeast: 0.8 } },
  { kind: 'webhook', name: 'a webhook of one event to PushService.webhook' },
  { kind: 'webhookOfTen', name: 'a webhook of ten events to PushService.webhook' },
  { kind: 'subscription', name: 'an authorisation by the push handler' },
];

/** A server in a process of its own, with its clients in another. */
class Contest implements AsyncDisposable {
  readonly #server: Child<HttpServerCommands>;
  readonly #load = new Child<LoadCommands>('request-load');

  constructor(file: string) {
    this.#server = new Child(file);
  }

  async open(): Promise<void> {
    await this.#load.ask('connect', await this.#server.ask('listen'), CONNECTIONS);
  }

  /** The requests that the server answers in a second of its CPU time. */
  async rate(kind: RequestKind, requests: number): Promise<number> {
    const before = await this.#server.ask('cpuSeconds');
    await this.#load.ask('send', kind, requests);
    return requests / ((await this.#server.ask('cpuSeconds')) - before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#server[Symbol.asyncDispose](), this.#load[Symbol.asyncDispose]()]);
  }
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  await using ourServer = new Contest('pushrail-http');
  await using bareServer = new Contest('bare-http');
  await Promise.all([ourServer.open(), bareServer.open()]);
  const results: Result[] = [];
  for (const { kind, name, target } of loads) {
    const figures = await inTurns(
      form,
      { pushrail: () => ourServer.rate(kind, REQUESTS[form]), bare: () => bareServer.rate(kind, REQUESTS[form]) },
      { rounds: ROUNDS },
    );
    for (const [contestant, rates] of Object.entries(figures))
      progress(`${name}: ${contestant} ${summary(rates)} requests per CPU-second`);
    const { pushrail: ours, bare: peer } = figures;
    results.push(compared(name, { unit: 'requests', ours, peer, peerName: 'a bare handler', target }));
  }
  return results;
}

export const httpApi: Benchmark = {
  name: 'http-api',
  question: 'How many requests does the HTTP API take?',
  about: () => `requests answered per CPU-second of the server, by ${CONNECTIONS} connections that are kept open`,
  run,
};
