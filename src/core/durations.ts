import { MAX_TIMEOUT_MS } from '../wire/timers.js';
import { ValidationError } from './errors.js';

/** A time: a number of milliseconds, or a text such as `'500ms'`, `'30s'`, `'5m'`, `'2h'`, `'1.5d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** Longest duration, in milliseconds: a hundred years, beyond which a date is a mistake. */
const LONGEST_MS = 36_525 * unitMs.d;

/** Reads a duration. @returns milliseconds; undefined for anything else */
export function durationOf(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? textMs(value) : value;
  return typeof ms === 'number' && ms >= 0 && ms <= LONGEST_MS ? Math.round(ms) : undefined;
}

function textMs(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * unitMs[unit as keyof typeof unitMs];
}

/** What a duration must be, in words. */
export const DURATION_FORM = 'a number of milliseconds, or a text such as "30s", "5m", "2h" or "1d"';

/** Reads a duration. @param name names it in the error @throws ValidationError for anything else */
export function checkedDuration(value: unknown, name: string): number {
  const ms = durationOf(value);
  if (ms === undefined) throw new ValidationError(`"${name}" must be ${DURATION_FORM}.`);
  return ms;
}

/** @throws ValidationError for anything but a number of milliseconds that a timer takes */
export function checkTimeout(timeout: unknown): void {
  if (typeof timeout === 'number' && timeout >= 1 && timeout <= MAX_TIMEOUT_MS) return;
  const found = typeof timeout === 'number' ? timeout : `a value of type ${typeof timeout}`;
  throw new ValidationError(`"timeout" must be a number of milliseconds from 1 to ${MAX_TIMEOUT_MS}, not ${found}.`);
}
