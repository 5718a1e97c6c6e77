/** Where pushrail logs: pino's shape, with the details first and the text second. */
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
