import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform } from 'node:os';
import type { Form, Result } from './benchmark.ts';

/** What one run of a benchmark measured, as a file of results has it. */
export interface Recorded {
  readonly part: string;
  /** What is measured, with the sizes of the form. */
  readonly about: string;
  readonly form: Form;
  /** The day, such as `2026-11-28`. */
  readonly day: string;
  /** Such as `v24.21.0`. */
  readonly node: string;
  /** Such as `2 × AMD EPYC, linux x64`. */
  readonly machine: string;
  readonly results: readonly Result[];
}

/** The results by the name of the benchmark. */
export type RecordFile = Readonly<Record<string, Recorded>>;

/** What there is to say of a run that ends now, on this machine. */
export function recorded(run: Pick<Recorded, 'part' | 'about' | 'form' | 'results'>): Recorded {
  const { part, about, form, results } = run;
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return {
    part,
    about,
    form,
    day: new Date().toISOString().slice(0, 10),
    node: process.version,
    machine: `${availableParallelism()} × ${model}, ${platform()} ${arch()}`,
    results: results.map(rounded),
  };
}

/** Puts results into a file, in place of those that the same benchmarks have in it. */
export function putInto(file: string, results: RecordFile): void {
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as RecordFile) : {};
  writeFileSync(file, `${JSON.stringify({ ...before, ...results }, null, 1)}\n`);
}

function rounded(result: Result): Result {
  const short = (figures: readonly number[]): number[] => figures.map((figure) => Number(figure.toPrecision(5)));
  const { rounds, measured } = result;
  return {
    ...result,
    rounds: short(rounds),
    ...(measured && { measured: { ...measured, ours: short(measured.ours), peer: short(measured.peer) } }),
  };
}
