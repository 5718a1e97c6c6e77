import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const examples = join(import.meta.dirname, '../../examples');

/** An example that runs as a program of its own, as a reader would run it. */
export interface RunningExample {
  /** What it says it is to be found at. */
  readonly url: string;
  /** What it has printed so far, line by line. */
  readonly printed: readonly string[];
  /**
   * Ends it with SIGTERM, as the host of a container would. An example that has ended stays so.
   * @throws Error when it goes on; then it is killed
   */
  stop(): Promise<Ending>;
}

/** How a program ended. */
interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How long an example may take to end, in milliseconds: a second, and what a busy machine adds to it. */
const PATIENCE_MS = 10_000;

/**
 * Starts an example and waits until it prints its address.
 * @throws Error with what it printed when it ends before
 */
export async function runExample(file: string, environment: NodeJS.ProcessEnv = {}): Promise<RunningExample> {
  const child = spawn(process.execPath, [join(examples, file)], {
    env: { ...process.env, PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed: string[] = [];
  child.stderr.on('data', (data: Buffer) => printed.push(data.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      printed.push(line);
      const address = /http:\/\/[\w.:[\]]+/.exec(line)?.[0];
      if (address !== undefined) resolve(address);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`${file} has ended:\n${printed.join('\n')}`)));
  });
  return { url, printed, stop: () => stop(child, file) };
}

async function stop(child: ChildProcess, file: string): Promise<Ending> {
  const { exitCode, signalCode } = child;
  if (exitCode !== null || signalCode !== null) return { code: exitCode, signal: signalCode };
  const gone = once(child, 'exit');
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, PATIENCE_MS);
  child.kill('SIGTERM');
  const [code, signal] = (await gone) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  if (isLate) throw new Error(`${file} was still running ${PATIENCE_MS} ms after SIGTERM.`);
  return { code, signal };
}
