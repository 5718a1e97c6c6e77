import type { PlannedMessage } from '../delivery/plan.js';
import type { ChannelOutcome } from '../messages/record.js';
import { keptOf, type Owners } from './outcomes.js';

/** What is left of a message to send by one backend, after the tries before. */
export interface Remaining {
  readonly planned: PlannedMessage;
  readonly owners: Owners;
  /** What stays as an earlier try left it. What was accepted is in the store. */
  readonly kept: readonly ChannelOutcome[];
  /** The channels that are tried again and of which it is unknown whether they got the message. */
  readonly unknown: ReadonlySet<string>;
  /** The channels that were refused before, and whose sessions have ended since. */
  readonly ended: readonly string[];
}

const NONE: ReadonlySet<string> = new Set();

/** What the tries before by a backend have left. */
export interface Before {
  /** What became of its channels. */
  readonly outcomes: readonly ChannelOutcome[];
  /** The ids of the users who get the message by it; undefined where it is for channels. */
  readonly users: readonly string[] | undefined;
  /** The users whom other backends have reached, and who need not get the message by this one as well. */
  readonly reachedElsewhere: ReadonlySet<string>;
  /** Whether also what was refused for good is tried again, after a `retry` by hand. */
  readonly triesAll: boolean;
}

/**
 * Leaves out what need not be sent again. A channel that accepted is never sent to again. A user who got the message on
 * any channel gets it on no new one.
 * @param resends whether channels of which nothing is known are sent to again
 */
export function remaining(
  planned: PlannedMessage,
  { outcomes, users, reachedElsewhere, triesAll }: Before,
  resends: boolean,
): Remaining {
  const owners = users && ownersOf(users, planned.channelsOfUsers ?? []);
  if (outcomes.length === 0 && reachedElsewhere.size === 0)
    return { planned, owners, kept: [], unknown: NONE, ended: [] };
  const isTried = ({ state, error }: ChannelOutcome): boolean =>
    (state === 'unknown' && (resends || triesAll)) || (state === 'rejected' && (error?.retryable === true || triesAll));
  const tried = outcomes.filter(isTried);
  const kept = keptOf(outcomes).filter((each) => !tried.includes(each));
  const accepted = outcomes.filter(({ state }) => state === 'accepted');
  const done = new Set([...accepted, ...kept].flatMap(({ channels }) => channels));
  const triedBefore = new Set(tried.flatMap(({ channels }) => channels));
  const reached = new Set([...reachedElsewhere, ...accepted.flatMap((each) => each.users ?? [])]);
  const mayGet = (channel: string): boolean => {
    if (done.has(channel)) return false;
    if (triedBefore.has(channel) || owners === undefined) return true;
    return !reached.has(owners.get(channel) ?? '');
  };
  const channels = planned.channels.filter(mayGet);
  const current = new Set(planned.channels);
  // What was unknown once stays unknown, also when nobody is there any more.
  const lost = owners === undefined ? [] : tried.filter(({ state }) => state === 'unknown').flatMap(without(current));
  const refused = tried.filter(({ state }) => state !== 'unknown').flatMap(({ channels: some }) => some);
  return {
    planned: { ...planned, channels },
    owners: owners && withEnded(owners, tried),
    kept: [...kept, ...lost],
    unknown: new Set(tried.flatMap((each) => (each.state === 'unknown' ? each.channels : []))),
    ended: owners === undefined ? [] : refused.filter((channel) => !current.has(channel)),
  };
}

/** Makes what leaves channels out of an outcome. @returns nothing when none is left */
function without(channels: ReadonlySet<string>): (outcome: ChannelOutcome) => ChannelOutcome[] {
  return (outcome) => {
    const isLeft = (_: string, index: number): boolean => !channels.has(outcome.channels[index] ?? '');
    const left = outcome.channels.filter(isLeft);
    if (left.length === 0) return [];
    return [{ ...outcome, channels: left, ...(outcome.users && { users: outcome.users.filter(isLeft) }) }];
  };
}

function ownersOf(users: readonly string[], channelsOfUsers: ReadonlyArray<readonly string[]>): Map<string, string> {
  const owners = new Map<string, string>();
  for (const [index, channels] of channelsOfUsers.entries()) {
    for (const channel of channels) if (!owners.has(channel)) owners.set(channel, users[index] ?? '');
  }
  return owners;
}

/** The owners, with those of channels that are theirs no more. */
function withEnded(owners: Map<string, string>, tried: readonly ChannelOutcome[]): Map<string, string> {
  for (const { channels, users = [] } of tried) {
    for (const [index, channel] of channels.entries()) {
      const user = users[index];
      if (user !== undefined && !owners.has(channel)) owners.set(channel, user);
    }
  }
  return owners;
}
