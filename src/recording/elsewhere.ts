import type { HeldPart } from './held.js';
import type { RecordingHost } from './host.js';
import { isUntried, outcomesBy } from './outcomes.js';
import type { Routed } from './routing.js';

const NOBODY: ReadonlySet<string> = new Set();

/** Whether the setting `routes` says by which backends a message goes. */
export function asksRoutes(
  { details, stored }: Routed,
  { destinations }: Pick<RecordingHost, 'destinations'>,
): boolean {
  return details.via === undefined && destinations.routes !== undefined && stored.recipients.users !== undefined;
}

/**
 * The users of a leg who got the message by another backend, which `routes` named in an earlier try. Left out are those
 * whom that try was to reach by this backend as well.
 */
export function reachedElsewhere(
  { held, part }: { readonly held: Routed; readonly part: HeldPart },
  host: Pick<RecordingHost, 'destinations'>,
): ReadonlySet<string> {
  const { stored, parts } = held;
  const { outcomes, deaths } = stored;
  const { destinations } = host;
  if (outcomes.length === 0 || !asksRoutes(held, host)) return NOBODY;
  const asked = new Set<string>();
  for (const outcome of outcomesBy(part.destination, destinations, outcomes))
    if (outcome.state === 'rejected' || outcome.state === 'unknown' || isUntried(outcome))
      for (const user of outcome.users ?? []) asked.add(user);
  const reached = new Set<string>();
  for (const other of destinations.all) {
    if (other === part.destination) continue;
    // A process that died may have been about to ask both.
    const together = deaths === 0 ? undefined : parts.find(({ destination }) => destination === other)?.ids;
    const both = together === undefined ? NOBODY : new Set(together);
    for (const { state, users = [] } of outcomesBy(other, destinations, outcomes))
      if (state === 'accepted') for (const user of users) if (!asked.has(user) && !both.has(user)) reached.add(user);
  }
  return reached;
}
