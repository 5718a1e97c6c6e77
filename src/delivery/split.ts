import type { BackendCapabilities } from '../backends/capabilities.js';
import type { PushError } from '../errors.js';
import type { PlannedMessage } from './plan.js';

/** A message under way: what failed and how often it was tried. Channels that did not fail were accepted. */
export interface Delivery {
  readonly planned: PlannedMessage;
  readonly failures: Map<string, PushError>;
  attempts: number;
}

/** One message for one channel. */
export interface Parcel {
  readonly delivery: Delivery;
  readonly channel: string;
}

/** What goes to the backend in one request: one message for several channels, or different messages. */
export type Parcels = readonly Parcel[];

/**
 * Splits messages into as few requests as the backend's capabilities allow: a message to many channels into
 * requests of its own, what is left over packed together with other messages.
 */
export function* split(deliveries: readonly Delivery[], capabilities: BackendCapabilities): Generator<Parcels> {
  const { maxChannelsPerRequest, maxMessagesPerRequest } = capabilities;
  let packed: Parcel[] = [];
  for (const delivery of deliveries) {
    for (const channels of chunks(delivery.planned.channels, maxChannelsPerRequest)) {
      const parcels = channels.map((channel) => ({ delivery, channel }));
      if (parcels.length >= maxMessagesPerRequest) {
        yield parcels;
        continue;
      }
      for (const parcel of parcels) {
        packed.push(parcel);
        if (packed.length < maxMessagesPerRequest) continue;
        yield packed;
        packed = [];
      }
    }
  }
  if (packed.length > 0) yield packed;
}

function* chunks(channels: readonly string[], size: number): Generator<readonly string[]> {
  if (channels.length <= size) {
    if (channels.length > 0) yield channels;
    return;
  }
  for (let start = 0; start < channels.length; start += size) yield channels.slice(start, start + size);
}
