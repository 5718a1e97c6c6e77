import { parseArgs } from 'node:util';
import type { Benchmark, Form } from './benchmark.ts';
import { fanOut } from './fan-out.ts';
import { hosted } from './hosted.ts';
import { idleMemory } from './idle-memory.ts';
import { importing } from './import-time.ts';
import { pubnub } from './pubnub.ts';
import { sendCpu } from './send-cpu.ts';
import { sessionLookUps } from './sessions.ts';
import { table } from './table.ts';

// Runs the benchmarks that are named, or all. With --quick, in their short form.

/** Whatever happens, it ends by then. */
const TIME_LIMIT_MINUTES = 15;
/** Marks each table of the short form. */
const QUICK = ' (quick: fewer rounds and smaller sizes; the targets are for the full form)';

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const all: readonly Benchmark[] = [importing, sendCpu, fanOut, idleMemory, hosted, pubnub, sessionLookUps];

function chosen(names: readonly string[]): readonly Benchmark[] {
  const unknown = names.filter((name) => !all.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) {
    console.error(`There is no benchmark ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}.`);
    process.exit(2);
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

async function run({ name, about, run }: Benchmark, form: Form): Promise<string> {
  const startedAt = performance.now();
  const elapsed = (): string => `${((performance.now() - startedAt) / 1000).toFixed(0).padStart(3)} s`;
  const title = `${name}: ${about(form)}${form === 'quick' ? QUICK : ''}`;
  console.error(`\n${title}`);
  try {
    const results = await run((line) => console.error(`  ${elapsed()}  ${line}`), form);
    return `${title}\n${table(results, form)}`;
  } catch (error) {
    process.exitCode = 1;
    return `${name}: FAILED: ${error instanceof Error ? error.message : String(error)}`;
  }
}

setTimeout(() => {
  console.error(`The benchmarks took more than ${TIME_LIMIT_MINUTES} minutes and were ended.`);
  process.exit(1);
}, TIME_LIMIT_MINUTES * 60_000).unref();

const tables: string[] = [];
for (const benchmark of chosen(positionals)) tables.push(await run(benchmark, values.quick ? 'quick' : 'full'));
console.log(`\n${tables.join('\n\n')}`);
// Nothing that a failed benchmark may have left behind keeps us.
process.exit();
