import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform } from 'node:os';
import type { Form, Result } from './benchmark.ts';

/** How and where a benchmark was run. */
export interface Run {
  readonly part: string;
  readonly question: string;
  /** What was measured, with the sizes of the form. */
  readonly about: string;
  readonly form: Form;
  /** The day, such as `2026-11-28`. */
  readonly day: string;
  /** Such as `v24.21.0`. */
  readonly node: string;
  /** Such as `2 × AMD EPYC, linux x64`. */
  readonly machine: string;
}

/** A file of results: what each benchmark measured when it was last run, by the benchmark's name. */
export type Recorded = Readonly<Record<string, { readonly run: Run; readonly results: readonly Result[] }>>;

/** A run that ends now, on this machine. */
export function runHere(run: Pick<Run, 'part' | 'question' | 'about' | 'form'>): Run {
  return {
    ...run,
    day: new Date().toISOString().slice(0, 10),
    node: process.version,
    machine: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${platform()} ${arch()}`,
  };
}

export function readRecord(file: string | URL): Recorded {
  return JSON.parse(readFileSync(file, 'utf8')) as Recorded;
}

/** Puts results into a file, a line for each, in place of those that the same benchmarks have in it. */
export function putInto(file: string, recorded: Recorded): void {
  const before = existsSync(file) ? readRecord(file) : {};
  const benchmarks = Object.entries({ ...before, ...recorded }).map(([name, { run, results }]) => {
    const lines = results.map((result) => JSON.stringify(result, shortened));
    return `"${name}": {"run": ${JSON.stringify(run)}, "results": [\n${lines.join(',\n')}\n]}`;
  });
  writeFileSync(file, `{\n${benchmarks.join(',\n')}\n}\n`);
}

function shortened(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value;
}
