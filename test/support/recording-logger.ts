import type { Logger } from '../../src/index.js';

/** What was logged. */
export interface LogEntry {
  readonly level: keyof Logger;
  readonly details: object;
  readonly text: string;
}

/** A logger that keeps what it is given. */
export class RecordingLogger implements Logger {
  readonly entries: LogEntry[] = [];

  debug(details: object, text: string): void {
    this.entries.push({ level: 'debug', details, text });
  }

  info(details: object, text: string): void {
    this.entries.push({ level: 'info', details, text });
  }

  warn(details: object, text: string): void {
    this.entries.push({ level: 'warn', details, text });
  }

  error(details: object, text: string): void {
    this.entries.push({ level: 'error', details, text });
  }
}
