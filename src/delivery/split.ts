import type { BackendCapabilities } from '../backends/contract/capabilities.js';
import type { PushError } from '../core/errors.js';
import type { AddressedMessage, ChannelDetails } from '../wire/message.js';
import type { PlannedMessage } from './plan.js';

const NO_FAILURES: ReadonlyMap<string, PushError> = new Map();
const NONE_SKIPPED: ReadonlyMap<string, string> = new Map();

/** The record of a message that is being delivered. A channel that neither failed nor was skipped was accepted. */
export class Delivery {
  readonly planned: PlannedMessage;
  /** Number of requests made for this message. */
  attempts = 0;
  // Of many thousand messages, hardly any needs these.
  #failures: Map<string, PushError> | undefined;
  #skipped: Map<string, string> | undefined;
  #info: Map<string, ChannelDetails> | undefined;

  constructor(planned: PlannedMessage) {
    this.planned = planned;
  }

  /** The last error of each channel that failed. */
  get failures(): ReadonlyMap<string, PushError> {
    return this.#failures ?? NO_FAILURES;
  }

  /** Why the backend skipped a channel, for each that it skipped. */
  get skipped(): ReadonlyMap<string, string> {
    return this.#skipped ?? NONE_SKIPPED;
  }

  /** Details that the provider gave of channels that accepted, by channel. */
  get info(): Readonly<Record<string, ChannelDetails>> {
    return this.#info === undefined ? {} : Object.fromEntries(this.#info);
  }

  /** What the provider told of a channel. */
  toldOf(channel: string): ChannelDetails | undefined {
    return this.#info?.get(channel);
  }

  failed(channel: string, error: PushError): void {
    this.#failures ??= new Map();
    this.#failures.set(channel, error);
  }

  /** Forgets how the attempt before failed. */
  isTriedAgain(channel: string): void {
    this.#failures?.delete(channel);
  }

  /** Notes that the backend skipped a channel. */
  wasSkipped(channel: string, reason: string): void {
    this.#skipped ??= new Map();
    this.#skipped.set(channel, reason);
  }

  /** Notes what the provider told of a channel. */
  told(channel: string, details: ChannelDetails): void {
    this.#info ??= new Map();
    this.#info.set(channel, details);
  }
}

/** A message for one channel, and the record that its outcome goes into. */
export interface PendingMessage extends AddressedMessage {
  readonly delivery: Delivery;
}

/**
 * The messages of one request: one message for several channels, or different messages. Those of one delivery lie side
 * by side.
 */
export type PendingRequest = readonly PendingMessage[];

/** The messages of a request by their deliveries, each with its channels. */
export function* byDelivery(request: PendingRequest): Generator<readonly [Delivery, readonly string[]]> {
  let delivery: Delivery | undefined;
  let channels: string[] = [];
  for (const pending of request) {
    if (delivery !== undefined && pending.delivery !== delivery) {
      yield [delivery, channels];
      channels = [];
    }
    delivery = pending.delivery;
    channels.push(pending.channel);
  }
  if (delivery !== undefined) yield [delivery, channels];
}

/**
 * Splits messages, no two of which are for one channel, into as few requests as the backend's capabilities allow. A
 * message to many channels has requests of its own; the rest is packed together with other messages.
 */
export function* split(deliveries: readonly Delivery[], capabilities: BackendCapabilities): Generator<PendingRequest> {
  const { maxMessagesPerRequest } = capabilities;
  let packed: PendingMessage[] = [];
  for (const delivery of deliveries) {
    const { message, channels } = delivery.planned;
    for (const together of channelsByRequest(channels, capabilities)) {
      const pending = together.map((channel) => ({ delivery, channel, message }));
      if (pending.length >= maxMessagesPerRequest) {
        yield pending;
        continue;
      }
      for (const one of pending) {
        packed.push(one);
        if (packed.length < maxMessagesPerRequest) continue;
        yield packed;
        packed = [];
      }
    }
  }
  if (packed.length > 0) yield packed;
}

/** The channels of one message, by the requests that they may share. */
export function* channelsByRequest(
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
