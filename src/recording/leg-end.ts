import type { PushError } from '../core/errors.js';
import type { BackendReport, SendReport } from '../core/report.js';
import type { Destination, Destinations } from '../delivery/destination.js';
import { reportOf } from '../delivery/report.js';
import type { Delivery } from '../delivery/split.js';
import type { ChannelOutcome } from '../messages/record.js';
import type { HeldPart } from './held.js';
import type { JournalOf } from './journal.js';
import { type Cause, mayBeTriedAgain, resendsUnknown, type TryingContext } from './next-try.js';
import { type AttemptFacts, acceptedOutcome, failedOutcomes, keptOf, outcomesBy, skippedOutcomes } from './outcomes.js';
import type { Remaining } from './remaining.js';
import type { Routed } from './routing.js';

/**
 * How a message ended by one backend. `sent`: it was delivered, at least in part. `failed`: it came to no channel.
 * `rests`: it was not tried, because the backend is away.
 */
export type LegEnd = {
  readonly destination: Destination;
  readonly part: HeldPart;
  /** Whether the provider is away. */
  readonly isAway: boolean;
} & (
  | { readonly kind: 'sent'; readonly left: Remaining; readonly delivery: Delivery; readonly journal: JournalOf }
  | { readonly kind: 'failed'; readonly failure: PushError }
  | { readonly kind: 'rests'; readonly waitMs: number }
);

/** What the end of a leg comes to. */
export interface LegResult {
  readonly end: LegEnd;
  readonly report: SendReport | undefined;
  /** What was accepted in this attempt and is not in the store yet. */
  readonly accepted: readonly ChannelOutcome[];
  /** What stays as an earlier try left it. */
  readonly kept: readonly ChannelOutcome[];
  /** What else has become of its channels. */
  readonly others: readonly ChannelOutcome[];
  readonly errors: ReadonlySet<PushError>;
  /** Why it is tried again. */
  readonly causes: readonly Cause[];
}

/** What holds for the legs of a message. */
export interface LegContext extends TryingContext {
  readonly destinations: Destinations;
  /** `performance.now()` when the attempt began. */
  readonly startedAt: number;
}

/** What the end of a leg comes to. */
export function legResult(held: Routed, end: LegEnd, context: LegContext): LegResult {
  if (end.kind === 'sent') return sentResult(held, end, context);
  const { destination, isAway } = end;
  const { destinations, handsBack } = context;
  const before = outcomesBy(destination, destinations, held.stored.outcomes);
  const kept = keptOf(before);
  const nothing = { end, report: undefined, accepted: [], kept, others: [] };
  if (end.kind === 'rests')
    return { ...nothing, errors: new Set(), causes: [{ error: undefined, isAway: true, waitMs: end.waitMs }] };
  const { failure } = end;
  const mayPass = failure.retryable || (failure.code === 'ABORTED' && handsBack);
  return { ...nothing, errors: new Set([failure]), causes: mayPass ? [{ error: failure, isAway }] : [] };
}

function sentResult(held: Routed, end: LegEnd & { kind: 'sent' }, context: LegContext): LegResult {
  const { destination, isAway, left, delivery, journal } = end;
  const { now: at, startedAt, handsBack, recording } = context;
  const { kept, unknown, ended, owners } = left;
  const facts: AttemptFacts = { backend: destination.name, owners, at, handsBack };
  const report = reportOf(delivery, startedAt);
  const failures = report.rejected.map(({ channel, error }) => [channel, error] as const);
  const errors = new Set(failures.map(([, error]) => error));
  const resends = resendsUnknown(held, recording);
  return {
    end,
    report,
    accepted: journal.isKept ? [...journal.lost] : acceptedNow(report, delivery, facts),
    kept,
    others: [
      ...failedOutcomes(failures, unknown, facts),
      ...skippedOutcomes(delivery.skipped, facts),
      ...skippedOutcomes(
        ended.map((channel) => [channel, 'the session has ended'] as const),
        facts,
      ),
    ],
    errors,
    causes: [...errors]
      .filter((error) => mayBeTriedAgain(error, resends, handsBack))
      .map((error) => ({ error, isAway })),
  };
}

function acceptedNow(report: SendReport, delivery: Delivery, facts: AttemptFacts): ChannelOutcome[] {
  return report.accepted.length === 0 ? [] : [acceptedOutcome(report.accepted, delivery, facts)];
}

/** The report of a leg in which nothing was sent. */
export const NOTHING_SENT: BackendReport<never> = {
  channels: [],
  accepted: [],
  rejected: [],
  skipped: [],
  unreachable: [],
  info: {},
  attempts: 0,
};
