import type { WireEvent } from '../../pusher-protocol/webhooks.js';
import { WaitingLine } from '../waiting-line.js';

/**
 * Events that tell of who has left, a `channel_vacated` or a `member_removed`, held back for some time: who comes back
 * meanwhile has never left, as far as webhooks tell.
 */
export class DelayedLeaves {
  readonly #delayMs: number;
  readonly #tell: (event: WireEvent) => void;
  readonly #leaves: WaitingLine<WireEvent>;
  readonly #byChannel = new Map<string, Map<string | undefined, WireEvent>>();

  /** @param tell takes the events whose time has come; must not throw */
  constructor(delayMs: number, tell: (event: WireEvent) => void) {
    this.#delayMs = delayMs;
    this.#tell = tell;
    this.#leaves = new WaitingLine(delayMs, (leave) => this.#end(leave));
  }

  /** Number of events that are held back. */
  get size(): number {
    return this.#leaves.size;
  }

  /** Holds an event back, in place of the same one. */
  add(event: WireEvent): void {
    if (this.#delayMs === 0) {
      this.#tell(event);
      return;
    }
    this.cancel(event.channel, event.user_id);
    this.#leaves.add(event);
    const ofChannel = this.#byChannel.get(event.channel);
    if (ofChannel === undefined) this.#byChannel.set(event.channel, new Map([[event.user_id, event]]));
    else ofChannel.set(event.user_id, event);
  }

  /**
   * Forgets an event that is held back. Returns whether there was one.
   * @param userId the member who has come back; undefined when the channel has subscribers again
   */
  cancel(channel: string, userId?: string): boolean {
    const leave = this.#byChannel.get(channel)?.get(userId);
    if (leave === undefined) return false;
    this.#delete(leave);
    return true;
  }

  /** Tells at once what is held back. @param channel of this channel; undefined for all */
  flush(channel?: string): void {
    const leaves = channel === undefined ? this.#leaves.items : [...(this.#byChannel.get(channel)?.values() ?? [])];
    for (const leave of leaves) this.#end(leave);
  }

  #end(leave: WireEvent): void {
    this.#delete(leave);
    this.#tell(leave);
  }

  #delete(leave: WireEvent): void {
    const { channel, user_id: userId } = leave;
    this.#leaves.delete(leave);
    const ofChannel = this.#byChannel.get(channel);
    ofChannel?.delete(userId);
    if (ofChannel?.size === 0) this.#byChannel.delete(channel);
  }
}
