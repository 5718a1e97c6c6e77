/**
 * The logger that pushrail writes to. It has the shape of pino: first the details, then the text. An error is the
 * detail `err`.
 * @example
 * PushService.configure({ backend: 'console', logger: pino() });
 */
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

/** The default logger: it prints warnings and errors to stderr, and drops the rest. */
export const defaultLogger: Logger = {
  debug: silent,
  info: silent,
  warn: printer((...parts) => console.warn(...parts)),
  error: printer((...parts) => console.error(...parts)),
};

/**
 * Makes a logger that never throws, so that background work can log. When the given logger fails, the entry goes to the
 * default logger, which warns once with the reason.
 */
export function guarded(logger: Logger): Logger {
  let hasFailed = false;
  const fallBack = (level: keyof Logger, details: object, text: string, error: unknown): void => {
    try {
      if (!hasFailed) defaultLogger.warn({ err: error }, 'the logger failed, so its entries are logged here');
      hasFailed = true;
      defaultLogger[level](details, text);
    } catch {
      // No logger is left.
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
