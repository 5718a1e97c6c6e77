import type { Logger } from '../index.js';
import { MAX_TIMEOUT_MS } from '../wire/timers.js';
import { LiveLine } from './live-line.js';
import { visible } from './printable.js';

/** The terminal of a command: takes its output, and tells it when to stop. Tests bring their own. */
export interface Terminal {
  /** Prints a line of the result, to stdout. */
  print(line: string): void;
  /** Prints a line about something that went wrong, to stderr. */
  complain(line: string): void;
  /** Fires when the command shall end: at the first SIGINT or SIGTERM. */
  readonly stop: AbortSignal;
  readonly environment: NodeJS.ProcessEnv;
  /** Width of the terminal that results are printed on; undefined when they go to a file or another program. */
  readonly columns: number | undefined;
  /**
   * Draws a line below all that is printed, in the place of the one before; without a text it goes. Only on a terminal.
   */
  draw(line?: string): void;
}

/** The process's own terminal. A second stop signal ends the process at once. */
export function processTerminal(): Terminal {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(1);
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // Whoever read it has gone, such as `head`: there is nobody to go on for.
  process.stdout.on('error', () => controller.abort());
  const liveLine = new LiveLine();
  return {
    print: (line) => process.stdout.write(`${line}\n`),
    complain: (line) => process.stderr.write(`${line}\n`),
    stop: controller.signal,
    environment: process.env,
    get columns() {
      return process.stdout.isTTY ? process.stdout.columns : undefined;
    },
    draw: (line) => liveLine.draw(line),
  };
}

/** Resolves when the terminal is told to stop. */
export function untilStopped({ stop }: Pick<Terminal, 'stop'>): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  // Without a timer the process would end: a signal's listener does not keep it alive.
  const alive = setInterval(() => {}, MAX_TIMEOUT_MS);
  return new Promise((resolve) => {
    const end = (): void => {
      clearInterval(alive);
      resolve();
    };
    stop.addEventListener('abort', end, { once: true });
  });
}

const printed = new WeakSet<Error>();

/** Prints warnings and errors, a line each. */
export function terminalLogger(terminal: Pick<Terminal, 'complain'>): Logger {
  const ignore = (): void => {};
  return {
    debug: ignore,
    info: ignore,
    warn: (details, text) => terminal.complain(`warning: ${text}${reasonIn(details)}`),
    error: (details, text) => {
      terminal.complain(`error: ${text}${reasonIn(details)}`);
      const error = errorIn(details);
      if (error instanceof Error) printed.add(error);
    },
  };
}

/** Whether {@link terminalLogger} has printed this error, or its cause: a command that fails with it is silent then. */
export function isPrinted(error: unknown): boolean {
  return error instanceof Error && (printed.has(error) || isPrinted(error.cause));
}

/** The error that was logged, by the name that {@link Logger} gives it. */
function errorIn(details: object): unknown {
  return 'err' in details ? details.err : undefined;
}

function reasonIn(details: object): string {
  const error = errorIn(details);
  return error instanceof Error ? `: ${oneLine(error.message)}` : '';
}

/** A text on one line: each line break, with the spaces around it, becomes one space. */
export function oneLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return visible(lines.filter((line) => line !== '').join(' '));
}
