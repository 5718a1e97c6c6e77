import { networkErrorIn } from '../backends/contract/network-error.js';
import { PushError } from '../core/errors.js';
import { DeliveryError } from '../core/report.js';
import { address, type PlannedMessage } from '../delivery/plan.js';
import { resendsUnknown } from './conclusion.js';
import type { Held } from './held.js';
import type { RecordingHost } from './host.js';
import { type Remaining, remaining } from './remaining.js';

/** A message with its channels. */
export interface Addressed {
  readonly held: Held;
  readonly left: Remaining;
}

/** Looks the users of messages up, and leaves out the channels that need nothing any more. */
export async function addressHeld(
  all: readonly Held[],
  host: RecordingHost,
  signal: AbortSignal | undefined,
): Promise<{ readonly plans: Addressed[]; readonly failures: Map<Held, PushError> }> {
  const plans: Addressed[] = [];
  const failures = new Map<Held, PushError>();
  const look = async (some: readonly Held[]): Promise<void> => {
    const planned = await address(
      some.map(({ draft }) => draft),
      host.planning,
      signal,
    );
    for (const [index, held] of some.entries()) {
      const resends = resendsUnknown(held, host.recording);
      const found = planned[index] as PlannedMessage;
      const own = resends ? found : { ...found, keepsUnknown: true };
      plans.push({ held, left: remaining(own, held.stored, resends) });
    }
  };
  try {
    if (all.length > 0) await look(all);
  } catch (error) {
    const failure = lookUpFailure(error);
    if (all.length === 1 || concernsAll(failure)) for (const held of all) failures.set(held, failure);
    // The users of one message are the reason, and the others must not fail with it.
    else for (const held of all) await look([held]).catch((reason) => failures.set(held, lookUpFailure(reason)));
  }
  return { plans, failures };
}

/** Whether a look-up failed for a reason that no message can be. */
function concernsAll({ code, cause }: PushError): boolean {
  return code === 'TIMEOUT' || code === 'ABORTED' || networkErrorIn(cause) !== undefined;
}

function lookUpFailure(error: unknown): PushError {
  if (PushError.isPushError(error)) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new DeliveryError(`Nothing was sent: ${text}`, { outcome: 'rejected', cause: error });
}
