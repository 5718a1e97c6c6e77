import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { startProgram } from './cluster.ts';
import type { ClientsOptions, ClientsOrder, Present } from './record.ts';

/** How long clients may take to be there, in milliseconds. */
const THERE_MS = 60_000;

/** The clients, in a process of their own. */
export class Crowd {
  readonly #child: ChildProcess;
  readonly #options: ClientsOptions;
  readonly #ended: Promise<never>;
  /** One question at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ClientsOptions) {
    this.#options = options;
    this.#child = startProgram('clients', options);
    this.#ended = once(this.#child, 'exit').then(() => {
      throw new Error('The process of clients has ended.');
    });
    this.#ended.catch(() => {});
  }

  #ask(order: ClientsOrder): Promise<Present> {
    const answer = this.#last.then(async () => {
      this.#child.send(order);
      const [present] = (await Promise.race([once(this.#child, 'message'), this.#ended])) as [Present];
      return present;
    });
    this.#last = answer.catch(() => {});
    return answer;
  }

  present(): Promise<Present> {
    return this.#ask({ order: 'present' });
  }

  async wave(share: number): Promise<void> {
    await this.#ask({ order: 'wave', share });
  }

  async write(): Promise<void> {
    await this.#ask({ order: 'write' });
  }

  async leave(): Promise<void> {
    await this.#ask({ order: 'leave' });
    await this.#until(({ channels }) => Object.keys(channels).length === 0);
  }

  async whenAllThere(): Promise<void> {
    await this.#until(({ subscribed }) => subscribed === this.#options.clients);
  }

  async #until(isSo: (present: Present) => boolean): Promise<void> {
    for (const end = Date.now() + THERE_MS; ; ) {
      const present = await this.present();
      if (isSo(present)) return;
      if (Date.now() > end)
        throw new Error(`Only ${present.subscribed} clients are subscribed to all of their channels.`);
      await pause(100);
    }
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}
