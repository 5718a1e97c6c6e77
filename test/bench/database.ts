import { readFileSync } from 'node:fs';

/** A database of a benchmark's own, which is dropped at its end. The tables are made by the store that it is for. */
export interface BenchDatabase extends AsyncDisposable {
  readonly store: 'postgres' | 'mysql';
  readonly url: string;
  run(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** The present, in seconds since the epoch. */
  now(): Promise<number>;
  /** How many messages were sent after a time, and when the last one was, in seconds since the epoch. */
  sentSince(time: number): Promise<{ readonly count: number; readonly last: number }>;
  /** Removes all messages. */
  empty(): Promise<void>;
  /** Lets the database learn what its tables hold. */
  tidy(): Promise<void>;
  /** CPU time so far of the processes that serve it, in seconds; on Linux, on this machine. */
  cpuSeconds(): Promise<number>;
}

/** Of the times in `/proc`. */
const TICKS_A_SECOND = 100;

/** CPU time of a process so far, in seconds. */
export function cpuSecondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program, in brackets, may hold spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}
