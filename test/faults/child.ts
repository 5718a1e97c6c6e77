import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A program of `processes/`, in a process of its own, which ends with the test. */
export class Child {
  readonly process: ChildProcess;
  /** Resolves when it says that it is ready, or has ended. */
  readonly ready: Promise<unknown>;
  readonly #ended: Promise<unknown>;

  /** @param shiftedByMs how wrong its clock is */
  constructor(program: string, options: object, shiftedByMs = 0) {
    const clock = ['--import', new URL('processes/shifted-clock.ts', import.meta.url).href];
    this.process = fork(join(import.meta.dirname, 'processes', `${program}.ts`), [JSON.stringify(options)], {
      execArgv: [
        '--experimental-strip-types',
        '--disable-warning=ExperimentalWarning',
        ...(shiftedByMs === 0 ? [] : clock),
      ],
      env: { ...process.env, SHIFTED_BY_MS: String(shiftedByMs) },
    });
    this.#ended = once(this.process, 'exit');
    this.ready = Promise.race([once(this.process, 'message'), this.#ended]);
    onTestFinished(() => this.kill());
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** Ends it as the system does that has no memory left: nothing in it notices. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#ended;
  }

  /** Asks it something. */
  async ask<Answer>(question: unknown): Promise<Answer> {
    this.process.send(question as string);
    const [answer] = await once(this.process, 'message');
    return answer as Answer;
  }
}
