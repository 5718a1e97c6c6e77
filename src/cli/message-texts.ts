import type { ChannelOutcome, MessageRecord } from '../index.js';
import { visible } from './printable.js';

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** How long something takes or took, in the largest unit: `3m`. */
export function shortTime(ms: number): string {
  for (const [unit, length] of units) if (ms >= length) return `${Math.floor(ms / length)}${unit}`;
  return '0s';
}

/** A time, and how long ago it was or how far away it is. */
export function timeText(date: Date, now: number): string {
  const ms = now - date.getTime();
  return `${date.toISOString()} (${ms >= 0 ? `${shortTime(ms)} ago` : `in ${shortTime(-ms)}`})`;
}

/** The receivers of a message, on one line: `ann, ben` or `#orders`. */
export function recipientsText({ recipients }: MessageRecord): string {
  const { users, channels } = recipients;
  const names = users ?? (channels ?? []).map((channel) => `#${channel}`);
  return some(names, 3);
}

/** The first names of a list, and how many there are beside them. */
export function some(names: readonly string[], most: number): string {
  const shown = names.slice(0, most).map(visible).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** Why a message is in its state; an empty text where there is nothing to say. */
export function causeText({ state, reason, error }: MessageRecord): string {
  if (reason !== undefined) return visible(reason);
  // A message that was sent in the end keeps the error of an earlier try.
  if (error === undefined || state === 'SENT' || state === 'DEBUG') return '';
  return visible(error.message);
}

/** How many channels are in each state: `3 accepted, 1 rejected`. */
export function channelCounts(outcomes: readonly ChannelOutcome[]): string {
  const counts = new Map<string, number>();
  for (const { state, channels } of outcomes) counts.set(state, (counts.get(state) ?? 0) + channels.length);
  return Array.from(counts, ([state, count]) => `${count} ${state}`).join(', ');
}

/** A value as JSON on one line, as it may be shown on a terminal. */
export function jsonLine(value: unknown): string {
  return visible(JSON.stringify(value) ?? '');
}
