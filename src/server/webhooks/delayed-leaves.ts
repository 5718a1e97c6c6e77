import type { WireEvent } from '../../pusher-protocol/webhooks.js';

/** An event that tells of somebody who has left: a `channel_vacated` or a `member_removed`. */
interface Leave {
  readonly event: WireEvent;
  /** By the clock of `performance.now()`. */
  readonly due: number;
}

/**
 * Events that tell of who has left, held back for some time: who comes back meanwhile has never left, as far as
 * webhooks tell. All wait equally long, so they are in the order in which they are due, and one timer serves them. It
 * does not keep the process alive.
 */
export class DelayedLeaves {
  readonly #delayMs: number;
  readonly #tell: (event: WireEvent) => void;
  readonly #leaves = new Set<Leave>();
  readonly #byChannel = new Map<string, Map<string | undefined, Leave>>();
  #timer: NodeJS.Timeout | undefined;

  /** @param tell takes the events whose time has come; must not throw */
  constructor(delayMs: number, tell: (event: WireEvent) => void) {
    this.#delayMs = delayMs;
    this.#tell = tell;
  }

  /** Holds an event back. */
  add(event: WireEvent): void {
    if (this.#delayMs === 0) {
      this.#tell(event);
      return;
    }
    const leave = { event, due: performance.now() + this.#delayMs };
    this.#leaves.add(leave);
    const ofChannel = this.#byChannel.get(event.channel);
    if (ofChannel === undefined) this.#byChannel.set(event.channel, new Map([[event.user_id, leave]]));
    else ofChannel.set(event.user_id, leave);
    this.#timer ??= this.#wait(this.#delayMs);
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
    const leaves = channel === undefined ? this.#leaves : (this.#byChannel.get(channel)?.values() ?? []);
    for (const leave of [...leaves]) this.#end(leave);
  }

  #wait(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#tellDue(), ms).unref();
  }

  #tellDue(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const leave of this.#leaves) {
      // A timer of Node may be early by less than a millisecond.
      if (leave.due - now >= 1) {
        this.#timer = this.#wait(leave.due - now);
        return;
      }
      this.#end(leave);
    }
  }

  #end(leave: Leave): void {
    this.#delete(leave);
    this.#tell(leave.event);
  }

  #delete(leave: Leave): void {
    const { channel, user_id: userId } = leave.event;
    this.#leaves.delete(leave);
    const ofChannel = this.#byChannel.get(channel);
    ofChannel?.delete(userId);
    if (ofChannel?.size === 0) this.#byChannel.delete(channel);
  }
}
