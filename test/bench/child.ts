import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Answer, Call, Commands } from './processes/answer.ts';

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process of a benchmark, asked by messages. It ends with us: see `answer`. */
export class Child<C extends Commands<C>> implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #calls = 0;

  /**
   * @param file in `processes`, without `.ts`
   * @param nodeFlags such as `--expose-gc`
   */
  constructor(file: string, nodeFlags: readonly string[] = []) {
    const path = new URL(`./processes/${file}.ts`, import.meta.url);
    this.#process = fork(path, { execArgv: [...nodeFlags], serialization: 'advanced' });
    running.add(this.#process);
    this.#process.on('message', (answer: Answer) => {
      const call = this.#pending.get(answer.id);
      this.#pending.delete(answer.id);
      if ('error' in answer) call?.reject(new Error(`${file}: ${answer.error}`));
      else call?.resolve(answer.result);
    });
    this.#process.on('exit', (code, signal) => {
      running.delete(this.#process);
      for (const { reject } of this.#pending.values()) reject(new Error(`${file} ended: ${signal ?? code}`));
    });
  }

  ask<Name extends keyof C & string>(
    command: Name,
    ...parameters: Parameters<C[Name]>
  ): Promise<Awaited<ReturnType<C[Name]>>> {
    const id = this.#calls++;
    const call = Promise.withResolvers<unknown>();
    this.#pending.set(id, call);
    this.#process.send({ id, command, parameters } satisfies Call);
    return call.promise as Promise<Awaited<ReturnType<C[Name]>>>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!running.has(this.#process)) return;
    const ended = once(this.#process, 'exit');
    this.#process.disconnect();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(timer);
  }
}
