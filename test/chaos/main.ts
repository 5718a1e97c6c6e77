import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { checked, time } from './check.ts';
import { TestCluster } from './cluster.ts';
import { Crowd } from './crowd.ts';
import { faults, lengths } from './faults.ts';
import { keysWithoutExpiry, unsettled, whenSettled } from './present.ts';
import { Seeded } from './random.ts';
import type { Period } from './record.ts';

// Three nodes, Redis, and 300 clients, while much goes wrong. Afterwards all that is promised is checked.

const HELP = `npm run test:chaos -- [--short] [--minutes N] [--seed N]

  --short      each fault once, in about a minute
  --minutes N  how long faults happen at random. Default: 4
  --seed N     the faults of another run, which prints its seed
`;
/** How many of its problems a run prints. All of them are in a file. */
const MAX_SHOWN = 20;

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '4' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit();
}

const form = values.short ? 'short' : 'long';
const random = new Seeded(Number(values.seed));
const directory = mkdtempSync(join(tmpdir(), 'pushrail-chaos-'));
const began = Date.now();
const events: string[] = [];
function note(text: string): void {
  events.push(`${time(Date.now())} ${text}`);
  console.log(events.at(-1));
}

console.log(`Seed ${values.seed}`);
const publicChannels = Array.from({ length: 6 }, (_, number) => `room-${number}`);
const presenceChannels = Array.from({ length: 3 }, (_, number) => `presence-${number}`);
const channels = [...publicChannels, ...presenceChannels];
const cluster = await TestCluster.start(3, { channels, messagesPerSecond: 8 });
const file = join(directory, 'subscriptions');
const crowd = new Crowd({
  ...{ port: cluster.balancer.port, clients: 300, pusherJs: 6, users: 250 },
  ...{ publicChannels, presenceChannels, file },
});
const problems: string[] = [];

try {
  await crowd.whenAllThere();
  problems.push(...(await whenSettled(cluster, crowd, presenceChannels)));
  note('300 clients are there');
  cluster.flow();
  let isOver = false;
  const waving = waves(() => isOver);
  if (form === 'short') for (const fault of random.shuffled(faults.short)) await happen(fault);
  else
    for (const end = Date.now() + Number(values.minutes) * 60_000; Date.now() < end; ) {
      // Now and then two at once.
      const count = random.next() < 0.3 ? 2 : 1;
      await Promise.all(random.shuffled(faults.long).slice(0, count).map(happen));
      await pause(random.between(0, 8000));
    }
  isOver = true;
  await waving;
  await pause(1000);
  await cluster.quiet();
  note('no more messages');
  problems.push(...(await whenSettled(cluster, crowd, presenceChannels)));
  for (const { name, isDeaf } of cluster.nodes) if (isDeaf) problems.push(`${name} is still deaf at the end`);
  problems.push(...(await keysWithoutExpiry(cluster.redisUrl)));
  await crowd.write();
  const periods = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => JSON.parse(line) as Period);
  note('all clients leave');
  await crowd.leave();
  problems.push(...(await whenSettled(cluster, crowd, presenceChannels)));
  problems.push(...(await keysWithoutExpiry(cluster.redisUrl)));
  const verdict = checked(periods, cluster.sent, cluster.runs);
  problems.push(...verdict.problems);
  for (const { name, log } of cluster.runs.filter(({ tag }) => tag !== 0))
    for (const line of log) if (/UNHANDLED|ENDED (?!SIGKILL)/.test(line)) problems.push(`${name}: ${line}`);
  report(verdict, periods);
} catch (error) {
  problems.push(
    `${error instanceof Error ? error.stack : error}`,
    ...(await unsettled(cluster, crowd, presenceChannels).catch(() => [])),
  );
} finally {
  const logs = cluster.runs.flatMap(({ log }) => log).toSorted((one, other) => (one < other ? -1 : 1));
  crowd.close();
  await cluster.close();
  if (problems.length === 0) rmSync(directory, { recursive: true });
  else {
    writeFileSync(join(directory, 'problems'), problems.join('\n'));
    writeFileSync(join(directory, 'log'), [...events, ...logs].join('\n'));
    writeFileSync(join(directory, 'sent'), cluster.sent.map((message) => JSON.stringify(message)).join('\n'));
    const spans = cluster.runs.map(({ name, deaf, stops, killedAt }) => ({ name, deaf, stops, killedAt }));
    writeFileSync(join(directory, 'nodes'), JSON.stringify(spans, undefined, 1));
    console.error(`\n${problems.slice(0, MAX_SHOWN).join('\n')}`);
    console.error(`\n${problems.length} problems with seed ${values.seed}. Everything is in ${directory}`);
    process.exitCode = 1;
  }
  // Node would close its handles one by one, and has been seen to wait for ever for a connection that was broken off.
  process.exit();
}

async function happen(fault: (typeof faults.long)[number]): Promise<void> {
  const from = time(Date.now());
  const what = await fault(cluster, random, lengths[form]);
  note(`${what}, since ${from}`);
}

async function waves(isOver: () => boolean): Promise<void> {
  for (;;) {
    await pause(3000 + Math.random() * 7000);
    if (isOver()) return;
    const share = [0.05, 0.1, 0.5][Math.floor(Math.random() * 3)] ?? 0;
    note(`a wave: each client connects anew with a chance of ${share}`);
    await crowd.wave(share);
  }
}

function report({ deliveries, due, missedInSpans }: ReturnType<typeof checked>, periods: readonly Period[]): void {
  const spans = cluster.runs.flatMap(({ deaf }) => deaf);
  const deafMs = spans.reduce((sum, [from, to]) => sum + to - from, 0);
  const count = (outcome: 'accepted' | 'rejected' | 'unknown'): number =>
    cluster.sent.filter((message) => message.outcome === outcome).length;
  console.log(`
${cluster.sent.length} messages: ${count('accepted')} accepted, ${count('rejected')} rejected, ${count('unknown')} unknown
${deliveries} deliveries in ${periods.length} subscriptions; ${due} were due, ${missedInSpans} missed in deaf spans
${cluster.runs.length} lives of nodes, ${spans.length} deaf spans of ${Math.round(deafMs / 1000)} s together
${problems.length} problems, ${Math.round((Date.now() - began) / 1000)} s`);
}
