import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { compared, inTurns } from './rounds.ts';
import { summary } from './statistics.ts';

const ROUNDS = { full: 31, quick: 5 };

/** What starting an application takes, until it listens. */
interface Start {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rssMb: number;
}

/** Starts an application in a process of its own, and ends it when it listens. @param file in `processes` */
async function start(file: string): Promise<Start> {
  const startedAt = performance.now();
  const child = fork(new URL(`./processes/${file}.js`, import.meta.url), { execArgv: [] });
  const ended = once(child, 'exit');
  try {
    const failed = ended.then(([code]) => Promise.reject(new Error(`${file} ended with ${code}.`)));
    const [{ cpu, rss }] = (await Promise.race([once(child, 'message'), failed])) as [
      { cpu: NodeJS.CpuUsage; rss: number },
    ];
    return { wallMs: performance.now() - startedAt, cpuMs: (cpu.user + cpu.system) / 1000, rssMb: rss / 1e6 };
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  const figures = await inTurns(
    form,
    { pushrail: () => start('start-pushrail'), socketIo: () => start('start-socketio') },
    { rounds: ROUNDS },
  );
  const part = (name: keyof typeof figures, kind: keyof Start): number[] => figures[name].map((value) => value[kind]);
  for (const name of ['pushrail', 'socketIo'] as const) {
    const [wall, cpu] = [summary(part(name, 'wallMs')), summary(part(name, 'cpuMs'))];
    progress(`${name}: ${wall} ms, ${cpu} ms of CPU, ${summary(part(name, 'rssMb'))} MB`);
  }
  const against = (what: string, kind: keyof Start): Result =>
    compared(`from fork to listening: ${what}`, {
      unit: 'ms',
      ours: part('pushrail', kind),
      peer: part('socketIo', kind),
      peerName: 'socket.io',
      target: { atMost: 0.85 },
    });
  return [
    against('time', 'wallMs'),
    against('CPU time', 'cpuMs'),
    {
      what: 'RSS when it listens',
      unit: 'MB',
      rounds: part('pushrail', 'rssMb'),
      measured: {
        unit: 'MB',
        ours: part('pushrail', 'rssMb'),
        peer: part('socketIo', 'rssMb'),
        peerName: 'socket.io',
      },
      target: { atMost: 70 },
    },
  ];
}

export const startUp: Benchmark = {
  name: 'start-up',
  question: 'How long until it listens?',
  about: () => 'an application on node:http with the embedded server or socket.io, until it listens',
  run,
};
