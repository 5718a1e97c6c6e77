import { channelEvent, withMessageId } from '../pusher-protocol/messages.js';
import { isCache } from '../pusher-protocol/names.js';
import type { ChannelCache } from './channel-cache.js';
import { textFrame } from './frames.js';
import type { ChannelSubscriber, LocalChannel, Publication } from './local-channel.js';
import { plainFrame } from './plain/connection.js';
import { publicationOf, type RelayedEvent } from './relay/relayed-event.js';

/** The parts of an application that its events go to in this process. */
export interface LocalDeliveryParts {
  /** Those with subscribers in this process, by name. */
  readonly channels: ReadonlyMap<string, LocalChannel>;
  /** Those of this process, by socket id. */
  readonly connections: ReadonlyMap<string, ChannelSubscriber>;
  readonly cache: ChannelCache;
  /** Channels that the application itself listens to in this process. */
  readonly heard: ReadonlySet<string>;
  /** Takes the events of those channels, whoever sent them. Must not throw. */
  readonly received: (publication: Publication) => void;
}

/**
 * Local delivery: gives an event to the subscribers in this process, to the cache, and to the application itself when
 * it listens, and does nothing else. The `AppPublisher` decides where an event goes, so an event that is delivered here
 * never goes out again. An event becomes one frame, the same for all of its subscribers.
 */
export class LocalDelivery {
  readonly #parts: LocalDeliveryParts;

  constructor(parts: LocalDeliveryParts) {
    this.#parts = parts;
  }

  /** The last events of cache channels. */
  get cache(): ChannelCache {
    return this.#parts.cache;
  }

  /** The channel of a name; undefined when it has no subscriber in this process. */
  channel(name: string): LocalChannel | undefined {
    return this.#parts.channels.get(name);
  }

  /**
   * Delivers an event of the application.
   * @param dataText its `data` as a JSON string
   * @param exceptSocketId the socket id of a connection that does not get it; it may be a connection of another process
   * @param recordedId the id that its frame has, so that clients know a repetition. A cache hands the event out without
   * it: whoever comes to the channel again is to get it again.
   */
  deliver(publication: Publication, dataText: string, exceptSocketId: string | undefined, recordedId?: string): void {
    const { channel: name, event } = publication;
    const channel = this.#parts.channels.get(name);
    const isCached = isCache(name);
    if (channel !== undefined || isCached) {
      const text = channelEvent(name, event, dataText);
      const sent = recordedId === undefined ? text : withMessageId(text, recordedId);
      if (channel !== undefined) this.#send(channel, publication, sent, exceptSocketId);
      if (isCached) {
        this.#parts.cache.set(name, text);
        if (channel !== undefined) channel.isMissTold = false;
      }
    }
    this.#tell(publication);
  }

  /** Delivers a client's event to the other subscribers of a channel. It is not cached. @param socketId the client's */
  deliverClientEvent(publication: Publication, socketId: string): void {
    const { channel: name, event, data, userId } = publication;
    const channel = this.#parts.channels.get(name);
    if (channel !== undefined)
      this.#send(channel, publication, channelEvent(name, event, JSON.stringify(data), userId), socketId);
    this.#tell(publication);
  }

  /** Delivers an event that has come from a node, this one or another. */
  deliverRelayed(name: string, event: RelayedEvent): void {
    const { except: exceptSocketId, frame } = event;
    const channel = this.#parts.channels.get(name);
    if (channel !== undefined) {
      channel.deliver(frame, exceptSocketId === undefined ? undefined : this.#parts.connections.get(exceptSocketId));
      if (channel.hasPlain) channel.deliverPlain(plainFrame(publicationOf(event)));
    }
    if (this.#parts.heard.has(name)) this.#parts.received(publicationOf(event));
  }

  #send(channel: LocalChannel, publication: Publication, text: string, exceptSocketId: string | undefined): void {
    const except = exceptSocketId === undefined ? undefined : this.#parts.connections.get(exceptSocketId);
    channel.deliver(textFrame(text), except);
    if (channel.hasPlain) channel.deliverPlain(plainFrame(publication));
  }

  #tell(publication: Publication): void {
    const { heard, received } = this.#parts;
    if (heard.has(publication.channel)) received(publication);
  }
}
