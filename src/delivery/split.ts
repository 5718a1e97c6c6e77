import type { BackendCapabilities } from '../backends/contract/capabilities.js';
import type { PushError } from '../core/errors.js';
import type { ChannelDetails } from '../wire/message.js';
import type { PlannedMessage } from './plan.js';

/** A message under way: what failed and how often it was tried. Channels that did not fail were accepted. */
export interface Delivery {
  readonly planned: PlannedMessage;
  readonly failures: Map<string, PushError>;
  /** What the provider told of channels that accepted. */
  readonly info: Map<string, ChannelDetails>;
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
  const { maxMessagesPerRequest } = capabilities;
  let packed: Parcel[] = [];
  for (const delivery of deliveries) {
    for (const channels of requestsOf(delivery.planned.channels, capabilities)) {
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

function* requestsOf(
  channels: readonly string[],
  { maxChannelsPerRequest, sharesRequest }: BackendCapabilities,
): Generator<readonly string[]> {
  if (sharesRequest === undefined || maxChannelsPerRequest === 1) {
    yield* chunks(channels, maxChannelsPerRequest);
    return;
  }
  let shared: string[] = [];
  for (const channel of channels) {
    if (!sharesRequest(channel)) yield [channel];
    else if (shared.push(channel) === maxChannelsPerRequest) {
      yield shared;
      shared = [];
    }
  }
  if (shared.length > 0) yield shared;
}

function* chunks(channels: readonly string[], size: number): Generator<readonly string[]> {
  if (channels.length <= size) {
    if (channels.length > 0) yield channels;
    return;
  }
  for (let start = 0; start < channels.length; start += size) yield channels.slice(start, start + size);
}
