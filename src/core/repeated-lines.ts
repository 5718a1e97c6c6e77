import type { Logger } from './logger.js';

/** Time between two log lines that say the same, in milliseconds. */
const RATE_MS = 10_000;
/** Most different lines that are told apart. */
const MAX_LINES = 100;

/** Keeps what every request would log alike, such as that Redis is away, down to one line in ten seconds. */
export class RepeatedLines {
  /** By what they say: when the line was last written, and how often it was left out since. */
  readonly #lines = new Map<string, { readonly at: number; leftOut: number }>();

  /** Makes a logger that leaves out repeated warnings and errors. The next line tells how many, as `leftOut`. */
  on(logger: Logger): Logger {
    const rated =
      (level: 'warn' | 'error') =>
      (details: object, text: string): void => {
        const leftOut = this.#leftOut(text, details);
        if (leftOut !== undefined) logger[level](leftOut > 0 ? { ...details, leftOut } : details, text);
      };
    return {
      debug: (details, text) => logger.debug(details, text),
      info: (details, text) => logger.info(details, text),
      warn: rated('warn'),
      error: rated('error'),
    };
  }

  /** @returns how many lines were left out before this one; undefined when this one is left out too */
  #leftOut(text: string, details: object): number | undefined {
    const { err, pattern } = details as { err?: unknown; pattern?: unknown };
    const key = [text, pattern, err instanceof Error ? err.message : undefined].join('\n');
    const line = this.#lines.get(key);
    const now = performance.now();
    if (line !== undefined && now - line.at < RATE_MS) {
      line.leftOut++;
      return undefined;
    }
    if (this.#lines.size >= MAX_LINES) this.#lines.clear();
    this.#lines.set(key, { at: now, leftOut: 0 });
    return line?.leftOut ?? 0;
  }
}
