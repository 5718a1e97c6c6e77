import type { Benchmark } from './benchmark.ts';
import { fanOut } from './fan-out.ts';
import { hosted } from './hosted.ts';
import { idleMemory } from './idle-memory.ts';
import { importing } from './import-time.ts';
import { sendCpu } from './send-cpu.ts';
import { sessionLookUps } from './sessions.ts';
import { table } from './table.ts';

/** Whatever happens, it ends by then. */
const TIME_LIMIT_MINUTES = 15;

const all: readonly Benchmark[] = [importing, sendCpu, fanOut, idleMemory, hosted, sessionLookUps];

function chosen(names: readonly string[]): readonly Benchmark[] {
  const unknown = names.filter((name) => !all.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) {
    console.error(`There is no benchmark ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}.`);
    process.exit(2);
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

async function run({ name, about, run }: Benchmark): Promise<string> {
  const startedAt = performance.now();
  const elapsed = (): string => `${((performance.now() - startedAt) / 1000).toFixed(0).padStart(3)} s`;
  console.error(`\n${name}: ${about}`);
  try {
    const results = await run((line) => console.error(`  ${elapsed()}  ${line}`));
    return `${name}: ${about}\n${table(results)}`;
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
for (const benchmark of chosen(process.argv.slice(2))) tables.push(await run(benchmark));
console.log(`\n${tables.join('\n\n')}`);
// Nothing that a failed benchmark may have left behind keeps us.
process.exit();
