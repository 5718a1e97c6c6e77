import { outcomeOf, type PushError, retryAfterOf } from '../core/errors.js';
import type { Held } from './held.js';
import type { Recording } from './settings.js';

/** What decides whether and when messages that are concluded together are tried again. */
export interface TryingContext {
  readonly recording: Recording;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whether this process has to end: what it has not sent goes back. */
  readonly handsBack: boolean;
  /** A message that was tried so many times is not tried again. */
  readonly maxAttempts: number;
}

/** A reason to try a message again. */
export interface Cause {
  /** What failed and may pass; undefined when nothing was tried. */
  readonly error: PushError | undefined;
  /** Whether the provider is away, so that a try that failed does not count. */
  readonly isAway: boolean;
  /** Shortest wait until the next try, in milliseconds. @default as `error` asks */
  readonly waitMs?: number | undefined;
}

interface Next {
  /** Undefined when the message is not tried again. */
  readonly state: 'ERROR_RETRY' | 'WAITING' | undefined;
  readonly attempts: number;
  readonly retrySending: boolean;
  readonly sendAfter?: { readonly inMs: number };
  /** Whether it waits for a provider that is away alone: what has failed elsewhere is not tried again. */
  readonly endsOthers?: boolean;
}

/** Up to this part of a wait is added to it, so that messages that failed together are not tried together. */
const JITTER = 0.1;

/** Longest wait that a provider may ask for, in milliseconds: a year, which databases can add to any date. */
const LONGEST_WAIT_MS = 366 * 86_400_000;

/**
 * Shortest and longest wait until a message tries again a provider that is away, in milliseconds. In between it is half
 * of the message's age, so that a few that always fail do not keep the others from trying.
 */
const AWAY_MS = 5_000;
const LONGEST_AWAY_MS = 900_000;

/** Whether an unknown outcome is sent again. */
export function resendsUnknown({ details }: Pick<Held, 'details'>, recording: Recording): boolean {
  return (details.whenUnknown ?? recording.whenUnknown) === 'resend';
}

/** Whether a channel that failed may be tried again. @param resends whether an unknown outcome is sent again */
export function mayBeTriedAgain(error: PushError, resends: boolean, handsBack: boolean): boolean {
  if (outcomeOf(error) === 'unknown' && !resends) return false;
  return error.retryable || (handsBack && error.code === 'ABORTED');
}

/** Whether and when a message is tried again. @param causes why it should be */
export function nextTry(
  { stored, details }: Pick<Held, 'stored' | 'details'>,
  causes: readonly Cause[],
  { recording, handsBack, now, maxAttempts }: TryingContext,
): Next {
  const attempts = stored.attempts + 1;
  const delays = details.retryDelays ?? recording.retryDelays;
  const isUnspent = ({ error, isAway }: Cause): boolean =>
    error === undefined || (isAway && delays.length > 0) || (handsBack && error.code === 'ABORTED');
  if (causes.length === 0) return { state: undefined, attempts, retrySending: false };
  const waits = causes.map(({ error, waitMs = 0 }) => (error === undefined ? waitMs : retryAfterOf(error)));
  // Stores keep whole milliseconds.
  const asked = Math.ceil(Math.max(0, ...waits.filter(Number.isFinite)));
  const wait = Math.min(asked, LONGEST_WAIT_MS);
  // `retrySending` makes the next try leave out what was refused for good.
  const waiting = { state: 'WAITING', retrySending: true } as const;
  // While the provider is away, the next one to try it is another message: this one may be the reason.
  const awayMs = Math.min(Math.max(AWAY_MS, (now - stored.createdAt) / 2), LONGEST_AWAY_MS) * (1 + Math.random());
  const isAway = causes.some((cause) => cause.isAway);
  if (causes.every(isUnspent)) {
    const inMs = Math.max(wait, isAway && !handsBack ? awayMs : 0);
    return { ...waiting, attempts: stored.attempts, sendAfter: { inMs: Math.round(inMs) } };
  }
  const delay = attempts < maxAttempts ? delays[stored.attempts] : undefined;
  if (delay === undefined) {
    if (!causes.some((cause) => cause.isAway && isUnspent(cause)))
      return { state: undefined, attempts, retrySending: false };
    return { ...waiting, attempts, sendAfter: { inMs: Math.round(Math.max(wait, awayMs)) }, endsOthers: true };
  }
  const delayMs = Math.max(Math.round(delay * (1 + Math.random() * JITTER)), wait);
  return { state: 'ERROR_RETRY', attempts, retrySending: true, sendAfter: { inMs: delayMs } };
}
