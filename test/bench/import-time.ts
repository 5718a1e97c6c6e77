import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { compared, inTurns } from './rounds.ts';
import { summary } from './statistics.ts';

const ROUNDS = { full: 31, quick: 3 };
const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
const execute = promisify(execFile);

interface ImportTime {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Imports modules in a fresh process; the time does not hold the start of Node itself. */
async function importTime(...modules: string[]): Promise<ImportTime> {
  const code = `
    const before = process.cpuUsage(), start = performance.now();
    ${modules.map((name) => `await import('${name}');`).join(' ')}
    const wallMs = performance.now() - start, { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000 }));`;
  // Without the package's own directory as the current one, its name would not lead to it.
  const { stdout } = await execute(process.execPath, ['--input-type=module', '--eval', code], { cwd: packageRoot });
  return JSON.parse(stdout) as ImportTime;
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  const figures = await inTurns(
    form,
    { pushrail: () => importTime('pushrail'), zodAndWs: () => importTime('zod', 'ws') },
    { rounds: ROUNDS },
  );
  const part = (name: keyof typeof figures, kind: keyof ImportTime): number[] =>
    figures[name].map((time) => time[kind]);
  for (const name of ['pushrail', 'zodAndWs'] as const) {
    progress(`${name}: ${summary(part(name, 'wallMs'))} ms, ${summary(part(name, 'cpuMs'))} ms of CPU`);
  }
  const against = (what: string, kind: keyof ImportTime): Result =>
    compared(`import 'pushrail': ${what}`, {
      unit: 'ms',
      ours: part('pushrail', kind),
      peer: part('zodAndWs', kind),
      peerName: 'zod and ws',
      target: { atMost: 0.75 },
    });
  return [against('time', 'wallMs'), against('CPU time', 'cpuMs')];
}

export const importing: Benchmark = {
  name: 'import-time',
  question: 'How long does the import take?',
  about: () => 'import in a fresh process',
  run,
};
