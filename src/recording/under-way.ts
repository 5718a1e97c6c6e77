import { Delivery, type PendingRequest } from '../delivery/split.js';
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
    let delivery: Delivery | undefined;
    let channels = 0;
    const note = (): void => {
      if (delivery !== undefined) this.#note(delivery, channels);
      channels = 0;
    };
    for (const pending of request) {
      if (pending.delivery !== delivery) note();
      delivery = pending.delivery;
      channels++;
    }
    note();
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
