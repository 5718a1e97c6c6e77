import { openSync, writeSync } from 'node:fs';

/**
 * What a process notes as it goes, in a file that outlives it. `call`: `send` was called for a number. `recorded`:
 * it returned. `refused`: it threw. `begin`: a request is about to be made. `end`: how it ended is in the store.
 */
export interface Mark {
  readonly pid: number;
  readonly what: 'call' | 'recorded' | 'refused' | 'begin' | 'end' | 'log';
  readonly number?: number | undefined;
  readonly id?: string | undefined;
  readonly text?: string | undefined;
}

/** Opens a file of marks. @returns a function that adds one, which is there when it returns */
export function marksIn(file: string): (mark: Omit<Mark, 'pid'>) => void {
  const descriptor = openSync(file, 'a');
  return (mark) => void writeSync(descriptor, `${JSON.stringify({ ...mark, pid: process.pid })}\n`);
}
