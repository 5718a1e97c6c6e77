/** Where pushrail logs: pino's shape, with the details first and the text second. An error is the detail `err`, which pino writes out. */
export interface Logger {
  debug(details: object, text: string): void;
  info(details: object, text: string): void;
  warn(details: object, text: string): void;
  error(details: object, text: string): void;
}

function silent(): void {}

function printer(print: (...parts: unknown[]) => void): (details: object, text: string) => void {
  return (details, text) => print(`pushrail: ${text}`, ...(Object.keys(details).length > 0 ? [details] : []));
}

/** The default: silent, except for warnings and errors, which go to stderr. */
export const defaultLogger: Logger = {
  debug: silent,
  info: silent,
  warn: printer((...parts) => console.warn(...parts)),
  error: printer((...parts) => console.error(...parts)),
};

/**
 * A logger that never throws, so that background work can log. What the given one fails at goes to the default logger, which
 * says once that and why it does.
 */
export function guarded(logger: Logger): Logger {
  let hasFailed = false;
  const fallBack = (level: keyof Logger, details: object, text: string, error: unknown): void => {
    try {
      if (!hasFailed) defaultLogger.warn({ err: error }, 'the logger failed; what it does not take is logged here');
      hasFailed = true;
      defaultLogger[level](details, text);
    } catch {
      // Nobody is left to tell.
    }
  };
  const guard =
    (level: keyof Logger) =>
    (details: object, text: string): void => {
      const failed = (error: unknown): void => fallBack(level, details, text, error);
      try {
        const result: unknown = logger[level](details, text);
        if (result instanceof Promise) result.catch(failed);
      } catch (error) {
        failed(error);
      }
    };
  return { debug: guard('debug'), info: guard('info'), warn: guard('warn'), error: guard('error') };
}
