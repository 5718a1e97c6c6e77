import { DeliveryError } from '../../core/report.js';
import { channelEvent, withMessageId } from '../../pusher-protocol/messages.js';
import { isCache } from '../../pusher-protocol/names.js';
import { AppPublisher, type ChannelFailure, type Published } from '../app-publisher.js';
import { textFrame } from '../frames.js';
import type { ChannelObserver, Publication } from '../local-channel.js';
import type { LocalDelivery } from '../local-delivery.js';
import type { ServerCounters } from '../metrics/counters.js';
import type { AppRelay } from './app-relay.js';
import type { LocalEvents } from './local-events.js';
import type { LogEntry } from './relay.js';
import type { RelayedEvent } from './relayed-event.js';

/** The parts of a publisher that hands events to all nodes. */
export interface RelayPublisherParts {
  readonly relay: AppRelay;
  readonly local: LocalDelivery;
  readonly localEvents: LocalEvents;
  readonly counters: ServerCounters;
  readonly observer: ChannelObserver | undefined;
  /** How long a cache channel keeps its last event, in milliseconds. */
  readonly cacheTtlMs: number;
  /** Whether clients of this node get an event that the relay refuses. */
  readonly isLocalAtFailure: boolean;
}

/**
 * Hands events to the relay. This node too delivers one when it comes back from there, so that all nodes deliver the
 * events of a channel in one order.
 */
export class RelayPublisher extends AppPublisher {
  readonly #parts: RelayPublisherParts;

  constructor(parts: RelayPublisherParts) {
    super(parts.local, parts.counters, parts.observer);
    this.#parts = parts;
  }

  override async publish(
    channels: readonly string[],
    event: string,
    data: string,
    exceptSocketId?: string,
    id?: string,
    isRecorded?: boolean,
  ): Promise<Published> {
    this.counters.applicationEvents += channels.length;
    const dataText = JSON.stringify(data);
    const failures: ChannelFailure[] = [];
    const local: string[] = [];
    await Promise.all(
      channels.map(async (channel) => {
        const text = channelEvent(channel, event, dataText);
        const frame = textFrame(isRecorded && id !== undefined ? withMessageId(text, id) : text);
        const error = await this.#send(channel, { frame, except: exceptSocketId, id, isKept: isCache(channel) });
        if (error === 'local') local.push(channel);
        else if (error !== undefined) failures.push({ channel, error });
      }),
    );
    return { failures, local };
  }

  override async publishClientEvent(publication: Publication, socketId: string): Promise<boolean> {
    this.counters.clientEvents++;
    const { channel, event, data, userId } = publication;
    const frame = textFrame(channelEvent(channel, event, JSON.stringify(data), userId));
    const publish = (entry?: LogEntry) => this.#send(channel, { frame, except: socketId }, entry);
    const error = await (this.observer?.publishClientEvent?.(publication, socketId, publish) ?? publish());
    if (error !== undefined && error !== 'local') return false;
    // What only clients of this node got is in no log.
    if (error === 'local') this.observer?.clientEvent(publication, socketId);
    return true;
  }

  async #send(channel: string, event: RelayedEvent, entry?: LogEntry): Promise<DeliveryError | 'local' | undefined> {
    const { relay, cacheTtlMs, isLocalAtFailure, local, localEvents } = this.#parts;
    try {
      await relay.publish(channel, event, event.isKept ? cacheTtlMs : undefined, entry);
      if (event.isKept) localEvents.forget(channel);
      return undefined;
    } catch (cause) {
      const error = failureOf(cause);
      // What may have been published would come twice.
      if (!isLocalAtFailure || error.outcome !== 'rejected') return error;
      if (event.isKept) localEvents.keep(channel, event);
      local.deliverRelayed(channel, event);
      return 'local';
    }
  }
}

/** The error of a message. One that may have been published is not tried again, since it would come twice. */
function failureOf(cause: unknown): DeliveryError {
  if (cause instanceof DeliveryError && cause.outcome === 'rejected') return cause;
  const text = cause instanceof DeliveryError ? cause.message : `The relay failed: ${String(cause)}`;
  return new DeliveryError(text, { backend: 'websocket', outcome: 'unknown', cause });
}
