import { networkErrorIn } from '../backends/contract/network-error.js';
import type { PushError } from '../core/errors.js';
import type { Destination } from '../delivery/destination.js';
import { planningOf } from '../delivery/parts.js';
import { address, type PlannedMessage } from '../delivery/plan.js';
import { reachedElsewhere } from './elsewhere.js';
import type { HeldPart } from './held.js';
import type { RecordingHost } from './host.js';
import { lookUpFailure } from './look-up-failure.js';
import { resendsUnknown } from './next-try.js';
import { outcomesBy } from './outcomes.js';
import { type Remaining, remaining } from './remaining.js';
import type { Routed } from './routing.js';

/** What of a message is to go by one backend. */
export interface Leg {
  readonly held: Routed;
  readonly part: HeldPart;
}

/** A leg with its channels. */
export interface Addressed extends Leg {
  readonly left: Remaining;
}

/** Looks the users of legs by one backend up, and leaves out the channels that need nothing any more. */
export async function addressLegs(
  destination: Destination,
  all: readonly Leg[],
  host: RecordingHost,
  signal: AbortSignal | undefined,
): Promise<{ readonly plans: Addressed[]; readonly failures: Map<Leg, PushError> }> {
  const plans: Addressed[] = [];
  const failures = new Map<Leg, PushError>();
  const look = async (some: readonly Leg[]): Promise<void> => {
    const planned = await address(
      some.map(({ part }) => part.draft),
      planningOf(destination, { isRecorded: true }),
      signal,
    );
    for (const [index, leg] of some.entries()) {
      const { stored } = leg.held;
      const resends = resendsUnknown(leg.held, host.recording);
      const found = planned[index] as PlannedMessage;
      const own = resends ? found : { ...found, keepsUnknown: true };
      const before = {
        outcomes: outcomesBy(destination, host.destinations, stored.outcomes),
        users: stored.recipients.users && leg.part.ids,
        reachedElsewhere: reachedElsewhere(leg, host),
        triesAll: !stored.retrySending,
      };
      plans.push({ ...leg, left: remaining(own, before, resends) });
    }
  };
  try {
    if (all.length > 0) await look(all);
  } catch (error) {
    const failure = lookUpFailure(error, host.destinations);
    if (all.length === 1 || concernsAll(failure)) for (const leg of all) failures.set(leg, failure);
    // The users of one message are the reason, and the others must not fail with it.
    else
      for (const leg of all)
        await look([leg]).catch((reason) => failures.set(leg, lookUpFailure(reason, host.destinations)));
  }
  return { plans, failures };
}

/** Whether a look-up failed for a reason that no message can be. */
function concernsAll({ code, cause }: PushError): boolean {
  return code === 'TIMEOUT' || code === 'ABORTED' || networkErrorIn(cause) !== undefined;
}
