import type { PushError } from '../core/errors.js';
import type { Destination } from '../delivery/destination.js';
import { routed } from '../delivery/routes.js';
import { asKnown } from '../sessions/recalled.js';
import { type Held, type HeldPart, partFor, recalled } from './held.js';
import type { RecordingHost } from './host.js';
import { lookUpFailure } from './look-up-failure.js';

/** A message whose parts are known. */
export type Routed = Held & { readonly parts: readonly HeldPart[] };

/** Asks the setting `routes` about messages whose parts are not known. One that it fails for is not sent. */
export async function routeHeld(
  all: readonly Held[],
  host: RecordingHost,
  signal: AbortSignal | undefined,
): Promise<{ readonly open: readonly Routed[]; readonly failures: ReadonlyMap<Held, PushError> }> {
  const failures = new Map<Held, PushError>();
  if (all.every(({ parts }) => parts !== undefined)) return { open: all as readonly Routed[], failures };
  const open = await Promise.all(
    all.map(async (held): Promise<Routed | undefined> => {
      const { parts } = held;
      if (parts !== undefined) return { ...held, parts };
      try {
        return { ...held, parts: await partsOf(held, host, signal) };
      } catch (error) {
        failures.set(held, lookUpFailure(error, host.destinations));
        return undefined;
      }
    }),
  );
  return { open: open.filter((held) => held !== undefined), failures };
}

async function partsOf(held: Held, host: RecordingHost, signal: AbortSignal | undefined): Promise<readonly HeldPart[]> {
  const { destinations } = host;
  const { stored, content, details } = held;
  const timeout = details.timeout ?? host.timeout;
  const ids = stored.recipients.users ?? [];
  const users = (await recalled(ids, destinations.first, timeout)).map(asKnown);
  const { json, notification } = content;
  const message = { event: stored.event, json, notification, tag: stored.tag };
  const chosen = await routed(users, message, destinations, { timeout, signal, isRecorded: true });
  const goingBy = (destination: Destination): readonly string[] =>
    ids.filter((_, index) => chosen[index]?.includes(destination));
  const parts = destinations.all.map(async (destination) => {
    const own = goingBy(destination);
    return own.length === 0 ? undefined : partFor(held, destination, own, host);
  });
  return (await Promise.all(parts)).filter((part) => part !== undefined);
}
