import { setTimeout as wait } from 'node:timers/promises';

/** CPU time of this process so far, in user mode and in the kernel, in seconds. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Milliseconds of the clock that all processes of the machine share. */
export function sharedClock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What a process holds, in bytes. */
export interface Memory {
  readonly rss: number;
  /** The JavaScript heap, and what it holds outside of it, such as Buffers. */
  readonly heap: number;
}

/** The memory in use after collection; needs `--expose-gc`. */
export async function memoryInUse(): Promise<Memory> {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('needs --expose-gc');
  for (let times = 0; times < 4; times++) {
    collect();
    // What a collection frees outside the heap is given back in a later turn.
    await wait(100);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed + external };
}
