import { InvalidArgumentError } from 'commander';
import { durationOf } from '../core/durations.js';
import { type Duration, endStates, type MessageState, messageStates } from '../index.js';

/** Reads a whole number, 0 or above. */
function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

/** Reads a whole number, 1 or above. */
export function positiveNumber(text: string): number {
  const number = wholeNumber(text);
  if (number === 0) throw new InvalidArgumentError('It must be at least 1.');
  return number;
}

/** Reads the number of a port; 0 stands for any free one. */
export function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port > 65_535) throw new InvalidArgumentError('It must be a port, which is 65535 at most.');
  return port;
}

/** Reads a duration, such as `2d`. */
export function duration(text: string): Duration {
  if (!/^\d{1,9}(?:\.\d{1,3})?(?:ms|s|m|h|d)$/.test(text))
    throw new InvalidArgumentError('It must be a time such as 30s, 5m, 2h or 30d.');
  return text as Duration;
}

/** Reads a date, or how long ago it was. */
export function pointInTime(text: string): Date {
  if (/^\d+(?:\.\d+)?[a-z]+$/.test(text)) return new Date(Date.now() - (durationOf(duration(text)) ?? 0));
  const date = new Date(text);
  if (!/^\d{4}-\d\d/.test(text) || Number.isNaN(date.getTime()))
    throw new InvalidArgumentError(
      'It must be a date such as 2026-11-28 or 2026-11-28T12:00:00Z, or a time ago such as 2h.',
    );
  return date;
}

/** Collects the names of states, of which one option may have several: `SENT,ERROR`. */
export function states(text: string, before: readonly MessageState[] = []): MessageState[] {
  const found = text.split(',').map((name) => {
    const state = messageStates.find((each) => each === name.trim().toUpperCase());
    if (state === undefined) throw new InvalidArgumentError(`The states are ${messageStates.join(', ')}.`);
    return state;
  });
  return [...before, ...found];
}

/** As {@link states}, for those in which a message stays. */
export function statesOfEnd(text: string, before: readonly MessageState[] = []): MessageState[] {
  const found = states(text, before);
  const ended: readonly MessageState[] = endStates;
  if (found.every((each) => ended.includes(each))) return found;
  throw new InvalidArgumentError(`The states in which a message stays are ${ended.join(', ')}.`);
}

/** Reads a JSON value. */
export function jsonValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError(`It must be JSON, such as '{"id":42}' or '"text"'.`);
  }
}

/** Collects the values of an option that may be given several times. */
export function gathered(text: string, before: readonly string[]): string[] {
  return [...before, text];
}

/**
 * A command that could not do what it was asked for: the exit code is 1. Without a message it has printed the reason
 * itself.
 */
export class CommandFailed extends Error {}
