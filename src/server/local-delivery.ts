import type { Channel, Subscriber } from './channel.js';

/**
 * Local delivery: sends an application's events to the subscribers in this process, and does nothing else. Where an
 * event goes is the `Publisher`'s decision, so what was delivered here never goes out again.
 */
export class LocalDelivery {
  readonly #channels: ReadonlyMap<string, Channel>;
  readonly #connections: ReadonlyMap<string, Subscriber>;

  /**
   * @param channels those with subscribers in this process, by name
   * @param connections those of this process, by socket id
   */
  constructor(channels: ReadonlyMap<string, Channel>, connections: ReadonlyMap<string, Subscriber>) {
    this.#channels = channels;
    this.#connections = connections;
  }

  /** Whether a channel has a subscriber in this process. */
  reaches(channel: string): boolean {
    return this.#channels.has(channel);
  }

  /**
   * Sends a frame to a channel's subscribers.
   * @param exceptSocketId of a connection that does not get it; it need not be one of this process
   */
  deliver(channel: string, frame: Buffer, exceptSocketId?: string): void {
    const except = exceptSocketId === undefined ? undefined : this.#connections.get(exceptSocketId);
    this.#channels.get(channel)?.deliver(frame, except);
  }
}
