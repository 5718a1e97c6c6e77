import { asPushError } from '../backends/contract/failure.js';
import type { PushError } from '../core/errors.js';
import { deliver } from './deliver.js';
import type { Destination } from './destination.js';
import { type Parted, type PartingHost, planningOf } from './parts.js';
import { address, firedEarly, longestTimeout, type PlannedMessage, throwIfNoneFits } from './plan.js';
import { Delivery } from './split.js';

/** A part with its channels. */
export interface PlannedPart<User = unknown> {
  readonly destination: Destination;
  readonly planned: PlannedMessage<User>;
}

/** A part that has been delivered, or could not be. */
export interface DeliveredPart<User = unknown> extends PlannedPart<User> {
  readonly delivery: Delivery;
}

/**
 * Looks up the users of messages, in one go for each backend.
 * @returns the parts of each message, in their order
 * @throws ValidationError, DeliveryError or TimeoutError when a look-up fails, AbortError; nothing has been sent then
 */
export async function planParts<User>(
  messages: readonly Parted<User>[],
  host: PartingHost,
  signal: AbortSignal | undefined,
): Promise<ReadonlyArray<ReadonlyArray<PlannedPart<User>>>> {
  const found = new Map<Destination, Map<Parted<User>, PlannedMessage<User>>>();
  await Promise.all(
    host.destinations.all.map(async (destination) => {
      const own = messages.flatMap((message) => {
        const part = message.parts.find((each) => each.destination === destination);
        return part === undefined ? [] : [{ message, draft: part.draft }];
      });
      if (own.length === 0) return;
      const drafts = own.map(({ draft }) => draft);
      const planned = await address(drafts, planningOf(destination, host), signal);
      found.set(
        destination,
        new Map(own.map(({ message }, index) => [message, planned[index] as PlannedMessage<User>])),
      );
    }),
  );
  throwIfNoneFits([...found.values()].flatMap((planned) => [...planned.values()]));
  return messages.map((message) =>
    message.parts.flatMap(({ destination }) => {
      const planned = found.get(destination)?.get(message);
      return planned === undefined ? [] : [{ destination, planned }];
    }),
  );
}

/**
 * Delivers parts, those of all backends side by side. Those of a backend that does not open fail.
 * @param timeout how long a backend has to open, for messages without a `timeout`, in milliseconds
 * @returns the parts, in their order
 * @throws PushError when no backend has opened; TimeoutError; AbortError
 */
export async function deliverParts<User>(
  parts: ReadonlyArray<PlannedPart<User>>,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<ReadonlyArray<DeliveredPart<User>>> {
  if (signal?.aborted) throw firedEarly(signal);
  const delivered = new Map<PlannedPart<User>, Delivery>();
  const destinations = new Set(parts.map(({ destination }) => destination));
  const failures: PushError[] = [];
  await Promise.all(
    Array.from(destinations, async (destination) => {
      const own = parts.filter((part) => part.destination === destination);
      const planned = own.map((part) => part.planned);
      let deliveries: readonly Delivery[];
      try {
        if (!destination.isOpen) await destination.opened(longestTimeout(planned, timeout), signal);
        deliveries = await deliver(planned, destination.delivering, signal);
      } catch (error) {
        const failure = asPushError(error, destination.backend);
        failures.push(failure);
        deliveries = planned.map((each) => failedDelivery(each, failure));
      }
      for (const [index, part] of own.entries()) delivered.set(part, deliveries[index] as Delivery);
    }),
  );
  const [first] = failures;
  if (first !== undefined && failures.length === destinations.size) throw first;
  return parts.map((part) => ({ ...part, delivery: delivered.get(part) as Delivery }));
}

function failedDelivery(planned: PlannedMessage, failure: PushError): Delivery {
  const delivery = new Delivery(planned);
  for (const channel of planned.channels) delivery.failed(channel, failure);
  return delivery;
}
