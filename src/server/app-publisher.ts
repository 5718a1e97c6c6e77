import { channelEvent } from '../pusher-protocol/messages.js';
import { isCache } from '../pusher-protocol/names.js';
import { textFrame } from './frames.js';
import type { ChannelObserver, Publication } from './local-channel.js';
import type { LocalDelivery } from './local-delivery.js';

/** The parts of an application that its events go to. */
export interface AppPublisherParts {
  readonly local: LocalDelivery;
  readonly cache: ChannelCache;
  /** Channels that the application itself listens to in this process. */
  readonly heard: ReadonlySet<string>;
  /** Takes the events of those channels, whoever sent them. Must not throw. */
  readonly received: (publication: Publication) => void;
  readonly observer: ChannelObserver | undefined;
}

/** The data of a cache channel's last event, and for how many seconds more it is kept. */
export interface CachedData {
  readonly data: string;
  readonly ttl: number;
}

/**
 * Takes an application's events and those of its clients, and decides where they go: to the subscribers in this
 * process, to the cache, and to the application itself when it listens. Each event becomes one frame, the same for all
 * of its subscribers.
 */
export class AppPublisher {
  readonly #parts: AppPublisherParts;

  constructor(parts: AppPublisherParts) {
    this.#parts = parts;
  }

  /**
   * Publishes an event of the application.
   * @param data as text; for anything but a text, its JSON
   * @param exceptSocketId the socket id of a client that does not get the event
   */
  publish(channels: readonly string[], event: string, data: string, exceptSocketId?: string): void {
    const { local, cache } = this.#parts;
    const dataText = JSON.stringify(data);
    for (const name of channels) {
      const channel = local.channel(name);
      const isCached = isCache(name);
      if (channel !== undefined || isCached) {
        const text = channelEvent(name, event, dataText);
        if (channel !== undefined) local.deliver(channel, textFrame(text), exceptSocketId);
        if (isCached) {
          cache.set(name, text);
          if (channel !== undefined) channel.isMissTold = false;
        }
      }
      this.#tell(name, event, data);
    }
  }

  /** Publishes an event that a client sends to the other subscribers of a channel. @param socketId the client's */
  publishClientEvent(publication: Publication, socketId: string): void {
    const { channel: name, event, data, userId } = publication;
    const { local, observer } = this.#parts;
    const channel = local.channel(name);
    const text = channelEvent(name, event, JSON.stringify(data), userId);
    if (channel !== undefined) local.deliver(channel, textFrame(text), socketId);
    this.#tell(name, event, data, userId);
    observer?.clientEvent(publication, socketId);
  }

  /**
   * The last event of a cache channel, as the message that a new subscriber gets. The observer hears when there is
   * none: once for all who subscribe meanwhile.
   */
  cachedEvent(name: string): string | undefined {
    const { cache, local, observer } = this.#parts;
    const text = cache.get(name);
    if (text !== undefined) return text;
    const channel = local.channel(name);
    if (channel?.isMissTold !== true) observer?.cacheMissed(name);
    if (channel !== undefined) channel.isMissTold = true;
    return undefined;
  }

  /**
   * What a cache channel hands to new subscribers; undefined when there is nothing. The observer does not hear of it.
   */
  cached(channel: string): CachedData | undefined {
    const event = this.#parts.cache.look(channel);
    if (event === undefined) return undefined;
    const { data } = JSON.parse(event.text) as { data: string };
    return { data, ttl: Math.ceil(event.ttlMs / 1000) };
  }

  #tell(channel: string, event: string, data: string, userId?: string): void {
    const { heard, received } = this.#parts;
    if (heard.has(channel)) received({ channel, event, data, userId });
  }
}

/** The last event of each cache channel: for some time, and of a limited number of channels. */
export class ChannelCache {
  readonly #events = new Map<string, { text: string; expires: number }>();
  readonly #ttlMs: number;
  readonly #maxChannels: number;

  /** @param ttlMs how long an event is kept, in milliseconds */
  constructor(ttlMs: number, maxChannels: number) {
    this.#ttlMs = ttlMs;
    this.#maxChannels = maxChannels;
  }

  get size(): number {
    return this.#events.size;
  }

  set(channel: string, text: string): void {
    // Writing a key anew moves it to the end, so the first one is both the oldest and the next to expire.
    this.#events.delete(channel);
    this.#events.set(channel, { text, expires: Date.now() + this.#ttlMs });
    for (const [oldest, { expires }] of this.#events) {
      if (this.#events.size <= this.#maxChannels && expires > Date.now()) break;
      this.#events.delete(oldest);
    }
  }

  get(channel: string): string | undefined {
    return this.look(channel)?.text;
  }

  /** The event of a channel, with the milliseconds for which it is still kept. */
  look(channel: string): { readonly text: string; readonly ttlMs: number } | undefined {
    const event = this.#events.get(channel);
    if (event === undefined) return undefined;
    const ttlMs = event.expires - Date.now();
    if (ttlMs > 0) return { text: event.text, ttlMs };
    this.#events.delete(channel);
    return undefined;
  }
}
