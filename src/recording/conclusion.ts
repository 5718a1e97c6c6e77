import { outcomeOf, type PushError, retryAfterOf } from '../core/errors.js';
import { DeliveryError, type SendReport, type SendStatus } from '../core/report.js';
import { reportOf } from '../delivery/report.js';
import type { Delivery } from '../delivery/split.js';
import type { ChannelOutcome } from '../messages/record.js';
import type { Settlement } from '../messages/store.js';
import type { Held } from './held.js';
import { type AttemptFacts, acceptedOutcome, failedOutcomes, recordedError, skippedOutcomes } from './outcomes.js';
import type { Remaining } from './remaining.js';
import type { Recording } from './settings.js';

/** How an attempt at a message ended. */
export interface Conclusion {
  readonly settlement: Omit<Settlement, 'id' | 'token' | 'dropsContent'>;
  readonly report: SendReport;
  /** The failure of a message that came to no channel. */
  readonly failure: PushError | undefined;
  /** What was accepted and has to be kept apart, because the message is tried again. */
  readonly appended: readonly ChannelOutcome[];
}

/** What holds for all messages that are concluded together. */
export interface ConcludingContext {
  readonly backend: string;
  readonly recording: Recording;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** `performance.now()` when the attempt began. */
  readonly startedAt: number;
  /** Whether the provider is away, so that a try that failed does not count. */
  readonly isAway: boolean;
  /** Whether this process has to end: what it has not sent goes back. */
  readonly handsBack: boolean;
  /** Whether the messages reach nobody by this backend. */
  readonly isDebug: boolean;
  /** A message that was tried so many times is not tried again. */
  readonly maxAttempts: number;
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

/** The message is not sent, for a reason. */
export function skipped(held: Held, reason: string, context: ConcludingContext): Conclusion {
  const { attempts, outcomes } = held.stored;
  const kept = outcomes.filter(({ state }) => state !== 'accepted');
  const wasSent = kept.length < outcomes.length;
  return {
    settlement: { state: wasSent ? 'SENT' : 'SKIPPED', attempts, retrySending: false, reason, outcomes: kept },
    report: emptyReport(held, 'skipped', context),
    failure: undefined,
    appended: [],
  };
}

/** The message is recorded, and meant for nobody. */
export function debugged(held: Held, context: ConcludingContext): Conclusion {
  return {
    settlement: { state: 'DEBUG', attempts: held.stored.attempts, retrySending: false, outcomes: [] },
    report: emptyReport(held, 'skipped', context),
    failure: undefined,
    appended: [],
  };
}

/** The message is too old to be sent. It was not tried. @param maxAgeMs how old it may be, in milliseconds */
export function outdated(held: Held, maxAgeMs: number, context: ConcludingContext): Conclusion {
  const recordedAt = new Date(held.stored.createdAt).toISOString();
  const error = new DeliveryError(
    `Nothing was sent: the message was recorded at ${recordedAt}, and "maxAge" allows ${maxAgeMs / 1_000} s. messages.retry() makes it due again, for a worker or for a batch that allows more.`,
    { outcome: 'rejected' },
  );
  const conclusion = failed(held, error, context);
  return { ...conclusion, settlement: { ...conclusion.settlement, attempts: held.stored.attempts } };
}

/** The message came to no channel, because of an error. */
export function failed(
  held: Pick<Held, 'stored' | 'details'>,
  failure: PushError,
  context: ConcludingContext,
): Conclusion {
  const { stored } = held;
  const kept = stored.outcomes.filter(({ state }) => state !== 'accepted');
  const wasSent = kept.length < stored.outcomes.length;
  const isGivenUp = failure.code === 'ABORTED';
  const mayPass = failure.retryable || (isGivenUp && context.handsBack);
  const next = nextTry(held, mayPass ? [failure] : [], context);
  const state = next.state ?? (wasSent ? 'SENT' : isGivenUp ? 'CANCELLED' : 'ERROR');
  // A `retry` by hand was about to try all of them again.
  const outcomes = next.state !== undefined && !stored.retrySending ? kept.map(again) : kept;
  return {
    settlement: { ...next, state, backend: context.backend, error: recordedError(failure), outcomes },
    report: emptyReport(held, next.state === undefined ? 'rejected' : 'waiting', context),
    failure: next.state === undefined ? failure : undefined,
    appended: [],
  };
}

/** The outcome of channels that are tried again. */
function again(outcome: ChannelOutcome): ChannelOutcome {
  return outcome.error === undefined ? outcome : { ...outcome, error: { ...outcome.error, retryable: true } };
}

/**
 * The message was delivered, at least in part.
 * @param journal whether what was accepted is in the store already, and what should be there and could not be written
 */
export function delivered(
  held: Held,
  { kept, unknown, ended, wasAccepted, owners }: Remaining,
  delivery: Delivery,
  journal: { readonly isKept: boolean; readonly lost: readonly ChannelOutcome[] },
  context: ConcludingContext,
): Conclusion {
  const { backend, now: at, startedAt, handsBack, isDebug } = context;
  const facts: AttemptFacts = { backend, owners, at, handsBack };
  const report = reportOf(delivery, startedAt);
  const failures = report.rejected.map(({ channel, error }) => [channel, error] as const);
  const errors = new Set(failures.map(([, error]) => error));
  const resends = resendsUnknown(held, context.recording);
  const next = nextTry(
    held,
    [...errors].filter((error) => mayBeTriedAgain(error, resends, handsBack)),
    context,
  );
  const accepted = journal.isKept ? [...journal.lost] : acceptedNow(report, delivery, facts);
  const outcomes = [
    ...kept,
    ...failedOutcomes(failures, unknown, facts),
    ...skippedOutcomes(delivery.skipped, facts),
    ...skippedOutcomes(
      ended.map((channel) => [channel, 'the session has ended'] as const),
      facts,
    ),
  ];
  const isAccepted = wasAccepted || report.accepted.length > 0;
  const [firstError] = errors;
  const isGivenUp = errors.size > 0 && [...errors].every(({ code }) => code === 'ABORTED');
  const hasFailed = errors.size > 0 || kept.some(({ state }) => state !== 'skipped');
  const end = endOf(isAccepted, isGivenUp, hasFailed, delivery);
  const state = next.state ?? (end.state === 'SENT' && isDebug ? 'DEBUG' : end.state);
  const keptError = state === 'ERROR' ? kept.find((each) => each.error !== undefined)?.error : undefined;
  const error = firstError === undefined ? keptError : recordedError(firstError);
  return {
    settlement: {
      ...next,
      state,
      backend,
      ...(error && { error }),
      ...(next.state === undefined && end.reason !== undefined && { reason: end.reason }),
      outcomes: next.state === undefined ? [...accepted, ...outcomes] : outcomes,
    },
    report: next.state === undefined ? report : { ...report, status: 'waiting' },
    failure: undefined,
    appended: next.state === undefined ? [] : accepted,
  };
}

function acceptedNow(report: SendReport, delivery: Delivery, facts: AttemptFacts): ChannelOutcome[] {
  return report.accepted.length === 0 ? [] : [acceptedOutcome(report.accepted, delivery, facts)];
}

/** The state in which a message ends that is not tried again. */
function endOf(
  isAccepted: boolean,
  isGivenUp: boolean,
  hasFailed: boolean,
  delivery: Delivery,
): { readonly state: 'SENT' | 'ERROR' | 'SKIPPED' | 'CANCELLED'; readonly reason?: string } {
  if (isAccepted) return { state: 'SENT' };
  // The caller's signal fired.
  if (isGivenUp) return { state: 'CANCELLED' };
  if (hasFailed) return { state: 'ERROR' };
  const [reason = 'unreachable'] = delivery.skipped.values();
  // The words of a backend. PostgreSQL takes no text with a zero in it.
  return { state: 'SKIPPED', reason: reason.replaceAll('\0', '\u{fffd}').toWellFormed() };
}

/** Whether an unknown outcome is sent again. */
export function resendsUnknown({ details }: Held, recording: Recording): boolean {
  return (details.whenUnknown ?? recording.whenUnknown) === 'resend';
}

function mayBeTriedAgain(error: PushError, resends: boolean, handsBack: boolean): boolean {
  if (outcomeOf(error) === 'unknown' && !resends) return false;
  return error.retryable || (handsBack && error.code === 'ABORTED');
}

interface Next {
  /** Undefined when the message is not tried again. */
  readonly state: 'ERROR_RETRY' | 'WAITING' | undefined;
  readonly attempts: number;
  readonly retrySending: boolean;
  readonly sendAfter?: { readonly inMs: number };
}

/** Whether and when a message is tried again. @param errors those that may pass */
function nextTry(
  held: Pick<Held, 'stored' | 'details'>,
  errors: readonly PushError[],
  context: ConcludingContext,
): Next {
  const { stored, details } = held;
  const { recording, isAway, handsBack } = context;
  const attempts = stored.attempts + 1;
  const delays = details.retryDelays ?? recording.retryDelays;
  if (errors.length === 0) return { state: undefined, attempts, retrySending: false };
  const isUnspent = (isAway && delays.length > 0) || (handsBack && errors.every(({ code }) => code === 'ABORTED'));
  // Stores keep whole milliseconds.
  const asked = Math.ceil(Math.max(0, ...errors.map(retryAfterOf).filter(Number.isFinite)));
  const wait = Math.min(asked, LONGEST_WAIT_MS);
  // While the provider is away, the next one to try it is another message: this one may be the reason.
  const awayMs = Math.min(Math.max(AWAY_MS, (context.now - stored.createdAt) / 2), LONGEST_AWAY_MS);
  const inMs = Math.max(wait, isAway && !handsBack ? awayMs * (1 + Math.random()) : 0);
  // `retrySending` makes the next try leave out what was refused for good.
  if (isUnspent)
    return { state: 'WAITING', attempts: stored.attempts, retrySending: true, sendAfter: { inMs: Math.round(inMs) } };
  const delay = attempts < context.maxAttempts ? delays[stored.attempts] : undefined;
  if (delay === undefined) return { state: undefined, attempts, retrySending: false };
  const delayMs = Math.max(Math.round(delay * (1 + Math.random() * JITTER)), wait);
  return { state: 'ERROR_RETRY', attempts, retrySending: true, sendAfter: { inMs: delayMs } };
}

/** The report of a message that no backend was asked for. */
function emptyReport(
  { stored: { id, event } }: Pick<Held, 'stored'>,
  status: SendStatus,
  { startedAt }: Pick<ConcludingContext, 'startedAt'>,
): SendReport {
  return {
    id,
    event,
    status,
    channels: [],
    accepted: [],
    rejected: [],
    skipped: [],
    unreachable: [],
    info: {},
    attempts: 0,
    durationMs: performance.now() - startedAt,
  };
}
