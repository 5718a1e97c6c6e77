/** Where a command writes and how it is told to stop; tests bring their own. */
export interface Terminal {
  /** What the command is asked for: goes to stdout, a line each. */
  print(line: string): void;
  /** What went wrong: goes to stderr, a line each. */
  complain(line: string): void;
  /** Fires when the command is to end: at the first SIGINT or SIGTERM. */
  readonly stop: AbortSignal;
  readonly environment: NodeJS.ProcessEnv;
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
  return {
    print: (line) => process.stdout.write(`${line}\n`),
    complain: (line) => process.stderr.write(`${line}\n`),
    stop: controller.signal,
    environment: process.env,
  };
}

/** Resolves when the terminal is told to stop. */
export function untilStopped({ stop }: Pick<Terminal, 'stop'>): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
}
