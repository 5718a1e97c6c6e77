import { expect, onTestFinished, test } from 'vitest';
import { FailoverService } from '../../../src/backends/composite/failover.js';
import { FanoutService } from '../../../src/backends/composite/fanout.js';
import { RoundRobinService } from '../../../src/backends/composite/roundrobin.js';
import { answerError } from '../../../src/backends/sdk/answer-error.js';
import { type OutgoingMessage, PushServiceWrapper, type RequestContext } from '../../../src/index.js';
import { liesIn, reportsOf } from '../../providers/fault-run.js';
import { ProviderServer } from '../../providers/provider-server.js';
import { randomFaults } from '../../providers/random-faults.js';
import { serviceOf } from './support/service.js';

const CALLS = 48;
const channels = ['a', 'b', 'c'];

/** Posts each message to a provider, which may move. */
class MovingService extends PushServiceWrapper<undefined, object> {
  readonly #name: string;
  server: ProviderServer | undefined;
  /** What its providers have got. */
  readonly received = new Set<string>();

  constructor(name: string) {
    super();
    this.#name = name;
  }

  override get name(): string {
    return this.#name;
  }

  async start(): Promise<void> {
    this.server = await ProviderServer.start(({ path, body }) => {
      this.received.add(`${body} ${path.slice(1)}`);
      return { body: {} };
    });
  }

  /** Where nobody listens, when the server is gone. */
  get origin(): string {
    return this.server?.origin ?? 'http://127.0.0.1:9';
  }

  protected async sendData(channel: string, { payload }: OutgoingMessage, { signal }: RequestContext): Promise<void> {
    const url = `${this.origin}/${channel}`;
    const response = await fetch(url, { method: 'POST', body: payload, signal, redirect: 'error' });
    const { status } = response;
    const retryAfter = response.headers.get('retry-after');
    const reason = await response.text();
    if (status === 200) JSON.parse(reason);
    else throw answerError({ backend: this.name, provider: this.name, status, reason, retryAfter });
  }
}

/** Each goes wrong in ways of its own, and the first one is gone for a while. */
async function run(
  Composite: typeof FailoverService | typeof RoundRobinService | typeof FanoutService,
  services: readonly MovingService[],
) {
  for (const [index, service] of services.entries()) {
    await service.start();
    service.server?.faults.push(...randomFaults((index + 8) * CALLS).slice(index * CALLS));
  }
  onTestFinished(async () => {
    for (const { server } of services) await server?.close();
  });
  const backend = new Composite({ options: { backends: services, failuresToOpen: 3, resetAfterMs: 100 } });
  const { push } = serviceOf(backend, { retries: 1, concurrency: 40, timeout: 600 });
  const [first] = services;
  const calls = Array.from({ length: CALLS }, async (_, n) => {
    // In three waves, between which the server goes and comes.
    await new Promise((resolve) => setTimeout(resolve, 100 * (n % 3)));
    if (n === 1) {
      await first?.server?.close();
      if (first !== undefined) first.server = undefined;
    }
    if (n === 2) await first?.start();
    return reportsOf(push.send({ channels, data: n }));
  });
  const reports = (await Promise.all(calls)).flat();
  await push.close();
  return reports;
}

/** Those that have got a message for a channel. */
function holders(services: readonly MovingService[], n: number, channel: string): readonly string[] {
  return services.flatMap(({ name, received }) => (received.has(`${n} ${channel}`) ? [name] : []));
}

test.each([
  ['failover', FailoverService],
  ['roundrobin', RoundRobinService],
] as const)(
  '%s tells the truth of many calls at once and lets one backend deliver each, whatever befalls them',
  async (_name, Composite) => {
    const services = ['x', 'y', 'z'].map((name) => new MovingService(name));
    const reports = await run(Composite, services);
    const lies = reports.flatMap((report, n) => liesIn(report, (channel) => holders(services, n, channel).length > 0));
    expect(lies).toEqual([]);
    const twice = reports.flatMap((_, n) => channels.filter((channel) => holders(services, n, channel).length > 1));
    expect(twice).toEqual([]);
    for (const { received } of services) expect(received.size).toBeGreaterThan(0);
    expect(reports.filter(({ accepted }) => accepted.length > 0)).not.toEqual([]);
  },
);

test('fanout tells the truth of many calls at once, whatever befalls them', async () => {
  const services = ['x', 'y'].map((name) => new MovingService(name));
  const reports = await run(FanoutService, services);
  for (const [n, report] of reports.entries()) {
    expect(liesIn(report, (channel) => holders(services, n, channel).length > 0)).toEqual([]);
    for (const channel of report.accepted) expect(holders(services, n, channel)).toEqual(['x', 'y']);
  }
  expect(reports.filter(({ accepted }) => accepted.length > 0)).not.toEqual([]);
});
