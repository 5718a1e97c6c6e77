import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** A module of `test/fixtures/work`. */
export function fixture(name: string): string {
  return join(root, 'test/fixtures/work', name);
}

/** A command in a process of its own. */
export interface CommandProcess {
  readonly child: ChildProcess;
  output(): string;
  /** Lets the backend of a fixture answer. */
  answer(): void;
  /** Resolves when it has printed what matches. */
  seen(pattern: RegExp): Promise<void>;
  /** Its exit code, and the signal that ended it, if one did. */
  ended(): Promise<unknown[]>;
}

/** Runs the built command `pushrail`. It ends with the test. */
export function commandProcess(args: readonly string[], environment: NodeJS.ProcessEnv): CommandProcess {
  const program = ['--disable-warning=ExperimentalWarning', join(root, 'dist/cli/main.js'), ...args];
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, program, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  const ended = once(child, 'close');
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  return {
    child,
    output: () => output,
    answer: () => child.stdin.write('go on\n'),
    seen: async (pattern) => expect.poll(() => output, { timeout: 15_000 }).toMatch(pattern),
    ended: () => ended,
  };
}
