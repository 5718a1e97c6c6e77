import type { DeliveryError } from '../core/report.js';
import type { ChannelObserver, Publication } from './local-channel.js';
import type { LocalDelivery } from './local-delivery.js';
import type { ServerCounters } from './metrics/counters.js';

/** The data of a cache channel's last event, and for how many seconds more it is kept. */
export interface CachedData {
  readonly data: string;
  readonly ttl: number;
}

/** A channel that an event was not published to, and why. */
export interface ChannelFailure {
  readonly channel: string;
  readonly error: DeliveryError;
}

/** What became of an event that went to other nodes. */
export interface Published {
  readonly failures: readonly ChannelFailure[];
  /** Channels that only clients of this node got it on, because the relay was away. */
  readonly local: readonly string[];
}

/**
 * Takes an application's events and those of its clients, and hands them on to the local delivery of this process.
 * `RelayPublisher` hands them to other nodes too.
 */
export class AppPublisher {
  protected readonly local: LocalDelivery;
  protected readonly counters: ServerCounters;
  protected readonly observer: ChannelObserver | undefined;

  constructor(local: LocalDelivery, counters: ServerCounters, observer: ChannelObserver | undefined) {
    this.local = local;
    this.counters = counters;
    this.observer = observer;
  }

  /**
   * Publishes an event of the application.
   * @param data as text; for anything but a text, its JSON
   * @param exceptSocketId the socket id of a client that does not get the event
   * @param id the id of the message, for listeners without a connection of the protocol. @default none
   * @param isRecorded whether the message may come twice, so that every subscriber gets the id. @default false
   * @returns with a relay, a promise of what became of it, which does not reject
   */
  publish(
    channels: readonly string[],
    event: string,
    data: string,
    exceptSocketId?: string,
    id?: string,
    isRecorded?: boolean,
  ): Promise<Published> | undefined {
    this.counters.applicationEvents += channels.length;
    const dataText = JSON.stringify(data);
    const recordedId = isRecorded ? id : undefined;
    for (const name of channels)
      this.local.deliver({ channel: name, event, data, id }, dataText, exceptSocketId, recordedId);
    return undefined;
  }

  /**
   * Publishes an event that a client sends to the other subscribers of a channel.
   * @param socketId the client's
   * @returns with a relay, a promise of whether it was published, which does not reject
   */
  publishClientEvent(publication: Publication, socketId: string): Promise<boolean> | undefined {
    this.counters.clientEvents++;
    this.local.deliverClientEvent(publication, socketId);
    this.observer?.clientEvent(publication, socketId);
    return undefined;
  }

  /**
   * The last event of a cache channel, as the message that a new subscriber gets. The observer hears when there is
   * none: once for all who subscribe meanwhile.
   */
  cachedEvent(name: string): string | undefined {
    const text = this.local.cache.get(name);
    if (text !== undefined) return text;
    const channel = this.local.channel(name);
    if (channel?.isMissTold !== true) this.observer?.cacheMissed(name);
    if (channel !== undefined) channel.isMissTold = true;
    return undefined;
  }

  /**
   * What a cache channel hands to new subscribers; undefined when there is nothing. The observer does not hear of it.
   */
  cached(channel: string): CachedData | undefined {
    const event = this.local.cache.look(channel);
    if (event === undefined) return undefined;
    const { data } = JSON.parse(event.text) as { data: string };
    return { data, ttl: Math.ceil(event.ttlMs / 1000) };
  }
}
