import { outcomeOf, type PushError } from '../core/errors.js';
import type { Destination, Destinations } from '../delivery/destination.js';
import type { Delivery } from '../delivery/split.js';
import type { ChannelOutcome, ChannelState, RecordedError } from '../messages/record.js';
import type { ChannelDetails } from '../wire/message.js';

/** An error as it is recorded. Its causes stay behind: their texts may hold anything. */
export function recordedError(error: PushError): RecordedError {
  const { name, code, message, backend, status, retryable } = error;
  return { name, code, message, backend, status, retryable, outcome: outcomeOf(error) };
}

/** The user whom each channel belongs to; undefined where the message is for channels. */
export type Owners = ReadonlyMap<string, string> | undefined;

/** What goes into each outcome of one attempt. */
export interface AttemptFacts {
  readonly backend: string;
  readonly owners: Owners;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Whether what was given up is tried again: this process ends, and another one goes on. @default false */
  readonly handsBack?: boolean | undefined;
}

/** An outcome of some channels. */
function outcome(
  state: ChannelState,
  channels: readonly string[],
  { backend, owners, at }: AttemptFacts,
  more: Pick<ChannelOutcome, 'error' | 'reason' | 'info'> = {},
): ChannelOutcome {
  const users = owners && channels.map((channel) => owners.get(channel) ?? '');
  return { state, channels, ...(users && { users }), backend, ...more, at };
}

/** The outcome of channels that accepted, with what the provider told of them. */
export function acceptedOutcome(channels: readonly string[], delivery: Delivery, facts: AttemptFacts): ChannelOutcome {
  const told: [channel: string, details: ChannelDetails][] = [];
  for (const channel of channels) {
    const details = delivery.toldOf(channel);
    if (details !== undefined) told.push([channel, details]);
  }
  return outcome('accepted', channels, facts, told.length > 0 ? { info: Object.fromEntries(told) } : {});
}

/**
 * The outcomes of channels that failed: those with one reason are one outcome.
 * @param before the channels that were unknown before: a refusal does not undo what an earlier attempt may have
 * delivered
 */
export function failedOutcomes(
  failures: Iterable<readonly [channel: string, error: PushError]>,
  before: ReadonlySet<string>,
  facts: AttemptFacts,
): ChannelOutcome[] {
  const groups = new Map<string, { readonly state: ChannelState; readonly error: RecordedError; channels: string[] }>();
  const known = new Map<PushError, RecordedError>();
  for (const [channel, failure] of failures) {
    const error = known.get(failure) ?? errorOf(failure, facts);
    known.set(failure, error);
    const state = outcomeOf(failure) === 'unknown' || before.has(channel) ? 'unknown' : 'rejected';
    const key = `${state} ${error.name} ${error.status} ${error.message}`;
    const group = groups.get(key) ?? { state, error, channels: [] };
    groups.set(key, group);
    group.channels.push(channel);
  }
  return Array.from(groups.values(), ({ state, error, channels }) => outcome(state, channels, facts, { error }));
}

/** The error of a channel. One that was given up because the process ends may be tried again. */
function errorOf(failure: PushError, { handsBack = false }: AttemptFacts): RecordedError {
  const error = recordedError(failure);
  return handsBack && error.code === 'ABORTED' ? { ...error, retryable: true } : error;
}

/** The outcomes of channels that were skipped, by their reasons. */
export function skippedOutcomes(
  skipped: Iterable<readonly [channel: string, reason: string]>,
  facts: AttemptFacts,
): ChannelOutcome[] {
  const groups = new Map<string, string[]>();
  for (const [channel, reason] of skipped) {
    const channels = groups.get(reason);
    if (channels === undefined) groups.set(reason, [channel]);
    else channels.push(channel);
  }
  return Array.from(groups, ([reason, channels]) => outcome('skipped', channels, facts, { reason }));
}

/** Notes that users were to be reached by a backend that was not tried. It has no channels, and goes at the end. */
export function untriedOutcome(
  users: readonly string[],
  { backend, at }: Omit<AttemptFacts, 'owners'>,
): ChannelOutcome {
  return { state: 'skipped', channels: [], users, backend, reason: 'not tried yet', at };
}

/** Whether an outcome is an {@link untriedOutcome}. */
export function isUntried({ channels }: ChannelOutcome): boolean {
  return channels.length === 0;
}

/** What stays of outcomes: what was accepted is in the store already. */
export function keptOf(outcomes: readonly ChannelOutcome[]): readonly ChannelOutcome[] {
  return outcomes.filter((each) => each.state !== 'accepted' && !isUntried(each));
}

/** The outcomes of one backend. Those of a backend that there is no more count as the first one's. */
export function outcomesBy(
  { name }: Destination,
  { all, first, areNamed }: Destinations,
  outcomes: readonly ChannelOutcome[],
): readonly ChannelOutcome[] {
  if (!areNamed || outcomes.length === 0) return outcomes;
  const known = new Set(all.map((each) => each.name));
  return outcomes.filter(({ backend = '' }) => (known.has(backend) ? backend : first.name) === name);
}
