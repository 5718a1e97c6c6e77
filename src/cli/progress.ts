import type { PushService } from '../index.js';
import type { Terminal } from './terminal.js';

/** How often a worker tells what it has done, if it has done anything, in milliseconds. */
const EVERY_MS = 10_000;

const told = ['sent', 'failed', 'retrying', 'skipped'] as const;

/** Counts what becomes of messages, and prints it now and then: a line for each message would fill a log. */
export class Progress {
  readonly #terminal: Pick<Terminal, 'print'>;
  readonly #counts = new Map<(typeof told)[number], number>();
  readonly #timer: NodeJS.Timeout;
  #lastError: string | undefined;

  constructor(service: PushService, terminal: Pick<Terminal, 'print'>) {
    this.#terminal = terminal;
    for (const event of told) {
      service.on(event, ({ error }) => {
        this.#counts.set(event, (this.#counts.get(event) ?? 0) + 1);
        if (event === 'failed' || event === 'retrying') this.#lastError = error?.message;
      });
    }
    this.#timer = setInterval(() => this.#print(), EVERY_MS);
    this.#timer.unref();
  }

  /** Prints what has not been told. */
  end(): void {
    clearInterval(this.#timer);
    this.#print();
  }

  #print(): void {
    if (this.#counts.size === 0) return;
    const counts = told.flatMap((event) => {
      const count = this.#counts.get(event);
      return count === undefined ? [] : [`${count} ${event}`];
    });
    const error = this.#lastError === undefined ? '' : `; last error: ${this.#lastError}`;
    this.#terminal.print(`${counts.join(', ')}${error}`);
    this.#counts.clear();
    this.#lastError = undefined;
  }
}
