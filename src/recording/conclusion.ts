import type { PushError } from '../core/errors.js';
import { DeliveryError, type SendReport, type SendStatus } from '../core/report.js';
import { joinedReport } from '../delivery/report.js';
import type { ChannelOutcome } from '../messages/record.js';
import { type MessageState, transitions } from '../messages/states.js';
import type { Settlement } from '../messages/store.js';
import { asksRoutes, reachedElsewhere } from './elsewhere.js';
import type { Held } from './held.js';
import { type LegContext, type LegEnd, type LegResult, legResult, NOTHING_SENT } from './leg-end.js';
import { absolute } from './message-options.js';
import { nextTry } from './next-try.js';
import { isUntried, keptOf, outcomesBy, recordedError, untriedOutcome } from './outcomes.js';
import type { Routed } from './routing.js';

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
export type ConcludingContext = LegContext;

/** The message is not sent, for a reason. */
export function skipped(held: Held, reason: string, context: ConcludingContext): Conclusion {
  const { attempts, outcomes } = held.stored;
  const kept = keptOf(outcomes);
  const wasSent = outcomes.some(({ state }) => state === 'accepted');
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
  const dueAt = new Date(firstDueAt(held)).toISOString();
  const error = new DeliveryError(
    `Nothing was sent: the message was due at ${dueAt}, and "maxAge" allows ${maxAgeMs / 1_000} s. messages.retry() makes it due again, for a worker or for a batch that allows more.`,
    { outcome: 'rejected' },
  );
  const conclusion = failed(held, error, context);
  return { ...conclusion, settlement: { ...conclusion.settlement, attempts: held.stored.attempts } };
}

/** When a message was to be sent first, by the store's clock, in milliseconds since the epoch. */
export function firstDueAt({ stored: { createdAt }, details: { firstDue = { inMs: 0 } } }: Held): number {
  return Math.max(createdAt, absolute(firstDue, createdAt));
}

/** The message could be given to no backend, because of an error. */
export function failed(
  held: Pick<Held, 'stored' | 'details'>,
  failure: PushError,
  context: ConcludingContext,
): Conclusion {
  const { stored } = held;
  const { areNamed, first } = context.destinations;
  const wasSent = stored.outcomes.some(({ state }) => state === 'accepted');
  const isGivenUp = failure.code === 'ABORTED';
  const mayPass = failure.retryable || (isGivenUp && context.handsBack);
  const next = nextTry(held, mayPass ? [{ error: failure, isAway: false }] : [], context);
  const state = next.state ?? (wasSent ? 'SENT' : isGivenUp ? 'CANCELLED' : 'ERROR');
  const kept = next.state === undefined ? keptOf(stored.outcomes) : stored.outcomes.filter(isNotAccepted);
  const outcomes = next.state !== undefined && !stored.retrySending ? kept.map(again) : kept;
  const backend = areNamed ? stored.backend : first.name;
  return {
    settlement: { ...next, state, backend, error: recordedError(failure), ...overruled(held, state), outcomes },
    report: emptyReport(held, next.state === undefined ? 'rejected' : 'waiting', context),
    failure: next.state === undefined ? failure : undefined,
    appended: [],
  };
}

/**
 * The reason of a message that was to be skipped and that a `retry` by hand sends after all. It is kept for as long as
 * the message may be tried again: without it, the next try would skip the message.
 */
function overruled(
  { stored: { reason }, details }: Pick<Held, 'stored' | 'details'>,
  state: MessageState,
): { readonly reason?: string } {
  const mayGoOn = transitions[state].length > 0;
  return details.skip !== undefined && reason !== undefined && mayGoOn ? { reason } : {};
}

function isNotAccepted({ state }: ChannelOutcome): boolean {
  return state !== 'accepted';
}

/** The outcome of channels that are tried again. */
function again(outcome: ChannelOutcome): ChannelOutcome {
  return outcome.error === undefined ? outcome : { ...outcome, error: { ...outcome.error, retryable: true } };
}

/** The outcome of channels that are not tried again. */
function forGood(outcome: ChannelOutcome): ChannelOutcome {
  return outcome.error === undefined ? outcome : { ...outcome, error: { ...outcome.error, retryable: false } };
}

/** The message has ended by every backend that it goes by. @param ends one for each of them */
export function concluded(held: Routed, ends: readonly LegEnd[], context: ConcludingContext): Conclusion {
  const { stored } = held;
  const legs = ends.map((end) => legResult(held, end, context));
  const { endsOthers = false, ...next } = nextTry(
    held,
    legs.flatMap(({ causes }) => causes),
    context,
  );
  const isFinal = next.state === undefined;
  const errors = new Set(legs.flatMap((leg) => [...leg.errors]));
  const elsewhere = outcomesOfOthers(held, ends, context);
  const unasked = isFinal ? keptOf(elsewhere) : elsewhere;
  const kept = [...legs.flatMap((leg) => keptOfLeg(leg, held, isFinal)), ...unasked];
  const untried = isFinal ? [] : legs.flatMap((leg) => untriedOf(leg, held, context));
  const own = legs.flatMap((leg) => (endsOthers && !leg.end.isAway ? leg.others.map(forGood) : leg.others));
  const outcomes = [...kept, ...untried, ...own];
  const accepted = legs.flatMap((leg) => leg.accepted);
  const isAccepted = stored.outcomes.some(({ state }) => state === 'accepted') || legs.some(hasAccepted);
  const isGivenUp = errors.size > 0 && [...errors].every(({ code }) => code === 'ABORTED');
  const hasFailed = errors.size > 0 || kept.some((each) => each.state !== 'skipped');
  const end = endOf(isAccepted, isGivenUp, hasFailed, legs);
  const state = next.state ?? (end.state === 'SENT' && isDebug(held, legs, context) ? 'DEBUG' : end.state);
  const [firstError] = errors;
  const keptError = state === 'ERROR' ? kept.find((each) => each.error !== undefined)?.error : undefined;
  const isUntried = legs.length > 0 && ends.every(({ kind }) => kind === 'rests');
  const error = firstError === undefined ? (isUntried ? stored.error : keptError) : recordedError(firstError);
  const backend = ends.findLast(({ kind }) => kind !== 'rests')?.destination.name ?? stored.backend;
  const report = reportOfLegs(held, legs, context);
  const failure = ends.find((each) => each.kind === 'failed')?.failure;
  return {
    settlement: {
      ...next,
      state,
      ...(backend !== undefined && { backend }),
      ...(error && { error }),
      ...overruled(held, state),
      ...(isFinal && end.reason !== undefined && { reason: end.reason }),
      outcomes: isFinal ? [...accepted, ...outcomes] : outcomes,
    },
    report: isFinal ? report : { ...report, status: 'waiting' },
    failure: isFinal && report.accepted.length + report.rejected.length === 0 ? failure : undefined,
    appended: isFinal ? [] : accepted,
  };
}

function hasAccepted({ report }: LegResult): boolean {
  return report !== undefined && report.accepted.length > 0;
}

/** What stays of a leg as it was. A `retry` by hand was about to try all of it again. */
function keptOfLeg({ end, kept }: LegResult, { stored }: Held, isFinal: boolean): readonly ChannelOutcome[] {
  return end.kind !== 'sent' && !isFinal && !stored.retrySending ? kept.map(again) : kept;
}

/** Notes who was to be reached by a leg that was not tried: the next answer of `routes` may be another one. */
function untriedOf({ end }: LegResult, held: Routed, { destinations, now }: ConcludingContext): ChannelOutcome[] {
  if (end.kind === 'sent' || held.parts.length === 1 || !asksRoutes(held, { destinations })) return [];
  const { destination, part } = end;
  const before = outcomesBy(destination, destinations, held.stored.outcomes).filter(isUntried);
  const elsewhere = reachedElsewhere({ held, part }, { destinations });
  const asked = part.ids.filter((user) => !elsewhere.has(user));
  const users = new Set([...before.flatMap(({ users: some = [] }) => some), ...asked]);
  return [untriedOutcome([...users], { backend: destination.name, at: now })];
}

/** The outcomes of backends that the message does not go by any more. */
function outcomesOfOthers(
  { stored: { outcomes } }: Held,
  ends: readonly LegEnd[],
  { destinations }: ConcludingContext,
): readonly ChannelOutcome[] {
  if (outcomes.length === 0) return outcomes;
  const own = new Set(ends.flatMap(({ destination }) => outcomesBy(destination, destinations, outcomes)));
  return outcomes.filter((outcome) => outcome.state !== 'accepted' && !own.has(outcome));
}

/** Whether every backend that has accepted the message reaches nobody. */
function isDebug(
  { stored: { outcomes } }: Held,
  legs: readonly LegResult[],
  { destinations }: ConcludingContext,
): boolean {
  const before = outcomes.filter(({ state }) => state === 'accepted');
  const asked = destinations.all.filter(
    (destination) =>
      legs.some((leg) => leg.end.destination === destination && hasAccepted(leg)) ||
      outcomesBy(destination, destinations, before).length > 0,
  );
  return asked.every(({ capabilities }) => capabilities.isDebug === true);
}

/** The state in which a message ends that is not tried again. */
function endOf(
  isAccepted: boolean,
  isGivenUp: boolean,
  hasFailed: boolean,
  legs: readonly LegResult[],
): { readonly state: 'SENT' | 'ERROR' | 'SKIPPED' | 'CANCELLED'; readonly reason?: string } {
  if (isAccepted) return { state: 'SENT' };
  // The caller's signal fired.
  if (isGivenUp) return { state: 'CANCELLED' };
  if (hasFailed) return { state: 'ERROR' };
  const [reason = 'unreachable'] = legs.flatMap(({ end }) =>
    end.kind === 'sent' ? [...end.delivery.skipped.values()] : [],
  );
  // The words of a backend. PostgreSQL takes no text with a zero in it.
  return { state: 'SKIPPED', reason: reason.replaceAll('\0', '\u{fffd}').toWellFormed() };
}

/** The report of a message. */
function reportOfLegs(held: Routed, legs: readonly LegResult[], context: ConcludingContext): SendReport {
  const [only] = legs;
  const hasFailed = legs.some(({ end }) => end.kind === 'failed');
  if (!context.destinations.areNamed) return only?.report ?? emptyReport(held, 'rejected', context);
  const parts = legs.map(({ end: { destination, part, ...end }, report }) => ({
    name: destination.name,
    users: part.draft.users,
    report: report ?? NOTHING_SENT,
    error: end.kind === 'failed' ? end.failure : undefined,
  }));
  const { id, event } = held.stored;
  const users = held.users ?? parts.flatMap((part) => part.users);
  const joined = joinedReport({ id, event, users }, parts, context.startedAt);
  return hasFailed ? { ...joined, status: joined.accepted.length > 0 ? 'partial' : 'rejected' } : joined;
}

/** The report of a message that no backend was asked for. */
function emptyReport(
  { stored: { id, event } }: Pick<Held, 'stored'>,
  status: SendStatus,
  { startedAt }: Pick<ConcludingContext, 'startedAt'>,
): SendReport {
  return { id, event, status, ...NOTHING_SENT, durationMs: performance.now() - startedAt };
}
