import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const examples = join(import.meta.dirname, '../../examples');

/** An example that runs as a program of its own, as a reader would run it. */
export interface RunningExample {
  /** What it says it is to be found at. */
  readonly url: string;
  /** Ends it, and resolves when it is gone. */
  stop(): Promise<void>;
}

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
  return { url, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill();
  await gone;
}
