import type { ChannelSubscriber, LocalChannel } from './local-channel.js';

/**
 * Local delivery: sends an application's events to the subscribers in this process, and does nothing else. Where an
 * event goes is the `AppPublisher`'s decision, so what was delivered here never goes out again.
 */
export class LocalDelivery {
  readonly #channels: ReadonlyMap<string, LocalChannel>;
  readonly #connections: ReadonlyMap<string, ChannelSubscriber>;

  /**
   * @param channels those with subscribers in this process, by name
   * @param connections those of this process, by socket id
   */
  constructor(channels: ReadonlyMap<string, LocalChannel>, connections: ReadonlyMap<string, ChannelSubscriber>) {
    this.#channels = channels;
    this.#connections = connections;
  }

  /** The channel of a name; undefined when it has no subscriber in this process. */
  channel(name: string): LocalChannel | undefined {
    return this.#channels.get(name);
  }

  /**
   * Sends a frame to a channel's subscribers.
   * @param exceptSocketId the socket id of a connection that does not get it; it may be a connection of another process
   */
  deliver(channel: LocalChannel, frame: Buffer, exceptSocketId?: string): void {
    channel.deliver(frame, exceptSocketId === undefined ? undefined : this.#connections.get(exceptSocketId));
  }
}
