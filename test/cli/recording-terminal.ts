import type { Terminal } from '../../src/cli/terminal.js';

/** A terminal that keeps what a command writes, and can be told to stop. */
export class RecordingTerminal implements Terminal {
  readonly printed: string[] = [];
  readonly complaints: string[] = [];
  readonly environment: NodeJS.ProcessEnv;
  columns: number | undefined;
  /** What the line below looked like, and undefined where it went. */
  readonly drawn: (string | undefined)[] = [];
  readonly #controller = new AbortController();
  readonly #waiting: { readonly pattern: RegExp; readonly resolve: (match: RegExpExecArray) => void }[] = [];

  constructor(environment: NodeJS.ProcessEnv = {}) {
    this.environment = environment;
  }

  get stop(): AbortSignal {
    return this.#controller.signal;
  }

  // As in the process's own terminal, these work without the object that they were taken from.
  readonly print = (line: string): void => {
    this.printed.push(line);
    this.#look();
  };

  readonly complain = (line: string): void => {
    this.complaints.push(line);
    this.#look();
  };

  draw(line?: string): void {
    this.drawn.push(line);
  }

  end(): void {
    this.#controller.abort();
  }

  /** Resolves when the pattern is in what was written. */
  seen(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve) => {
      this.#waiting.push({ pattern, resolve });
      this.#look();
    });
  }

  #look(): void {
    const text = [...this.printed, ...this.complaints].join('\n');
    for (const { pattern, resolve } of this.#waiting) {
      const match = pattern.exec(text);
      if (match !== null) resolve(match);
    }
  }
}
