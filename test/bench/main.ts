import { parseArgs } from 'node:util';
import { accepting } from './accept.ts';
import type { Benchmark, Form } from './benchmark.ts';
import { fanOut } from './fan-out.ts';
import { hosted } from './hosted.ts';
import { httpApi } from './http-api.ts';
import { idleMemory } from './idle-memory.ts';
import { importing } from './import-time.ts';
import { latency } from './latency.ts';
import { pageSize } from './page-size.ts';
import { presence } from './presence.ts';
import { pubnub } from './pubnub.ts';
import { putInto, runHere } from './record.ts';
import { recordingChannels } from './recording-channels.ts';
import { recordingMysql, recordingPostgres } from './recording-databases.ts';
import { recordingMillions } from './recording-millions.ts';
import { recordingSqlite } from './recording-sqlite.ts';
import { relayChannels } from './relay-channels.ts';
import { relayCost } from './relay-cost.ts';
import { relayFanOut } from './relay-fan-out.ts';
import { relayLatency } from './relay-latency.ts';
import { relayPresence } from './relay-presence.ts';
import { rooms } from './rooms.ts';
import { sendCpu } from './send-cpu.ts';
import { sessionLookUps } from './sessions.ts';
import { startUp } from './start-up.ts';
import { subscriptionMemory } from './subscription-memory.ts';
import { table } from './table.ts';

// Runs the parts or benchmarks that are named, or all, one after the other.

/** Each part takes less on a small machine; whatever happens, it ends by then. */
const PART_LIMIT_MINUTES = 9;
/** Marks each table of the short form. */
const QUICK = ' (quick: fewer rounds and smaller sizes; the targets are for the full form)';
const HELP = `npm run bench -- [PART or BENCHMARK …] [--quick] [--json FILE]

  Without names, all parts run one after the other.
  --quick      fewer rounds and smaller sizes: all parts in two minutes
  --json FILE  puts the results into FILE, in place of those that the same benchmarks have in it
`;

const parts: Readonly<Record<string, readonly Benchmark[]>> = {
  start: [startUp, importing, pageSize],
  server: [fanOut, latency, httpApi, accepting],
  channels: [rooms, presence],
  memory: [idleMemory, subscriptionMemory],
  sending: [sendCpu, sessionLookUps],
  recording: [recordingSqlite, recordingPostgres, recordingMysql, recordingChannels, recordingMillions],
  relay: [relayFanOut, relayLatency, relayChannels, relayPresence, relayCost],
  hosted: [hosted, pubnub],
};

const { values, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const lists = Object.entries(parts).map(([part, list]) => `  ${part}: ${list.map(({ name }) => name).join(', ')}`);
const list = `The parts and their benchmarks:\n${lists.join('\n')}`;

/** The chosen benchmarks of each part. */
function chosen(names: readonly string[]): readonly (readonly [part: string, readonly Benchmark[]])[] {
  const known = Object.entries(parts).flatMap(([part, list]) => [part, ...list.map(({ name }) => name)]);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`There is no part or benchmark ${unknown.join(', ')}.\n${list}`);
    process.exit(2);
  }
  const isChosen = (part: string, { name }: Benchmark): boolean =>
    names.length === 0 || names.includes(part) || names.includes(name);
  return Object.entries(parts)
    .map(([part, list]) => [part, list.filter((benchmark) => isChosen(part, benchmark))] as const)
    .filter(([, list]) => list.length > 0);
}

/** Runs one benchmark and returns its table; what it measured goes into the file of results. */
async function run(part: string, { name, question = name, about, run }: Benchmark, form: Form): Promise<string> {
  const startedAt = performance.now();
  const elapsed = (): string => `${((performance.now() - startedAt) / 1000).toFixed(0).padStart(3)} s`;
  const title = `${name}: ${about(form)}${form === 'quick' ? QUICK : ''}`;
  console.error(`\n${title}`);
  try {
    const results = await run((line) => console.error(`  ${elapsed()}  ${line}`), form);
    console.error(`  ${elapsed()}  done`);
    if (values.json !== undefined) {
      putInto(values.json, { [name]: { run: runHere({ part, question, about: about(form), form }), results } });
    }
    return `${title}\n${table(results, form)}`;
  } catch (error) {
    process.exitCode = 1;
    return `${name}: FAILED: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Runs the benchmarks of one part, and prints their tables at its end. */
async function runPart(part: string, benchmarks: readonly Benchmark[], form: Form): Promise<void> {
  const tables: string[] = [];
  const print = (): void => console.log(`\n${tables.join('\n\n')}`);
  const limit = setTimeout(() => {
    print();
    console.error(`The part ${part} took more than ${PART_LIMIT_MINUTES} minutes and was ended.`);
    process.exit(1);
  }, PART_LIMIT_MINUTES * 60_000);
  for (const benchmark of benchmarks) tables.push(await run(part, benchmark, form));
  clearTimeout(limit);
  print();
}

if (values.help) {
  console.log(`${HELP}\n${list}`);
  process.exit();
}
const selected = chosen(positionals);
// A file that cannot be read or written is told of now, and not after a benchmark.
if (values.json !== undefined) putInto(values.json, {});
for (const [part, benchmarks] of selected) {
  await runPart(part, benchmarks, values.quick ? 'quick' : 'full');
}
// Nothing that a failed benchmark may have left behind keeps us.
process.exit();
