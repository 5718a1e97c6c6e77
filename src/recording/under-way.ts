import { byDelivery, Delivery, type PendingRequest } from '../delivery/split.js';
import type { Addressed } from './addressing.js';

interface Entry {
  readonly plan: Addressed;
  /** Number of its channels of which nothing is known yet. */
  left: number;
}

/** Knows which of the messages that are delivered together have ended: one does not wait for the others. */
export class UnderWay {
  readonly #entries = new Map<Delivery['planned'], Entry>();
  readonly #end: (plan: Addressed, delivery: Delivery) => void;

  /** @param end takes each message once, as soon as all its channels have a result; one without channels at once */
  constructor(plans: readonly Addressed[], end: (plan: Addressed, delivery: Delivery) => void) {
    this.#end = end;
    for (const plan of plans) {
      const { planned } = plan.left;
      const left = planned.channels.length;
      if (left === 0) end(plan, new Delivery(planned));
      else this.#entries.set(planned, { plan, left });
    }
  }

  /** Takes a request that has ended. */
  ended(request: PendingRequest): void {
    for (const [delivery, channels] of byDelivery(request)) this.#note(delivery, channels.length);
  }

  #note(delivery: Delivery, channels: number): void {
    const entry = this.#entries.get(delivery.planned);
    if (entry === undefined) return;
    entry.left -= channels;
    if (entry.left > 0) return;
    this.#entries.delete(delivery.planned);
    this.#end(entry.plan, delivery);
  }
}
