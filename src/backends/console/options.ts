import * as z from 'zod/mini';
import { settingsCheck } from '../../core/schema-check.js';

/** The stream that the console backend writes to: `process.stdout`, or any object with such a `write`. */
export interface ConsoleStream {
  write(text: string): unknown;
}

/** Options of the console backend. */
export interface ConsoleOptions {
  /** `text` for people, `json` for one JSON object a line. @default 'text' */
  format?: 'text' | 'json' | undefined;
  /** @default process.stdout */
  stream?: ConsoleStream | undefined;
}

/** @throws ConfigurationError naming each option that is wrong */
export const checkOptions: (options: unknown) => ConsoleOptions = settingsCheck("The console backend's options", () =>
  z.strictObject({
    format: z.optional(z.enum(['text', 'json'])),
    stream: z.optional(z.custom<ConsoleStream>(isStream, { error: 'must have a method write(text)' })),
  }),
);

function isStream(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'write' in value && typeof value.write === 'function';
}
