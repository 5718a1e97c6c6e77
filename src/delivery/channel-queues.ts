import type { BackendCapabilities } from '../backends/contract/capabilities.js';
import { channelsByRequest, type Delivery, type PendingMessage, type PendingRequest } from './split.js';

/** Messages that go in one request: alone, or packed with others. */
interface Parcel {
  readonly messages: readonly PendingMessage[];
  /** Its place in the list of all messages. */
  readonly place: number;
  /** Whether it goes alone, because it fills a request. */
  readonly isAlone: boolean;
  /** Number of its channels in which another parcel comes first. */
  blocked: number;
}

/** The parcels for one channel that are not sent yet, in order. */
interface Queue {
  readonly parcels: Parcel[];
  next: number;
  /** Whether a request for the channel is under way. */
  isBusy: boolean;
}

/**
 * Hands out the requests of messages among which several are for one channel. At no time are two requests for one
 * channel under way, so its messages keep their order, whatever befalls a request. Requests for other channels do not
 * wait, and take as many messages as a request holds.
 */
export class ChannelQueues {
  readonly #capabilities: BackendCapabilities;
  readonly #queues = new Map<string, Queue>();
  /** The parcels that come first in all their channels, none of which is busy. */
  readonly #ready = { alone: new Set<Parcel>(), packed: new Set<Parcel>() };

  constructor(deliveries: readonly Delivery[], capabilities: BackendCapabilities) {
    this.#capabilities = capabilities;
    const { maxMessagesPerRequest } = capabilities;
    let place = 0;
    for (const delivery of deliveries) {
      const { message, channels } = delivery.planned;
      for (const together of channelsByRequest(channels, capabilities)) {
        const messages = together.map((channel) => ({ delivery, channel, message }));
        const isAlone = messages.length >= maxMessagesPerRequest;
        for (const part of isAlone ? [messages] : messages.map((one) => [one]))
          this.#add({ messages: part, place: place++, isAlone, blocked: 0 });
      }
    }
  }

  #add(parcel: Parcel): void {
    for (const { channel } of parcel.messages) {
      const queue = this.#queues.get(channel);
      if (queue === undefined) this.#queues.set(channel, { parcels: [parcel], next: 0, isBusy: false });
      else {
        queue.parcels.push(parcel);
        parcel.blocked++;
      }
    }
    if (parcel.blocked === 0) this.#isReady(parcel);
  }

  #isReady(parcel: Parcel): void {
    this.#ready[parcel.isAlone ? 'alone' : 'packed'].add(parcel);
  }

  /** Takes the next request; undefined when all that is left waits for a request under way. */
  take(): PendingRequest | undefined {
    const [alone] = this.#ready.alone;
    const [packed] = this.#ready.packed;
    if (alone !== undefined && (packed === undefined || alone.place < packed.place)) {
      this.#ready.alone.delete(alone);
      for (const { channel } of alone.messages) this.#begin(channel, 1);
      return alone.messages;
    }
    return packed && this.#pack();
  }

  /** Fills a request with the parcels that are ready and those that come right behind them in their channels. */
  #pack(): PendingRequest {
    const { maxMessagesPerRequest, keepsOrder } = this.#capabilities;
    const taken: Parcel[] = [];
    for (const first of this.#ready.packed) {
      this.#ready.packed.delete(first);
      const [{ channel = '' } = {}] = first.messages;
      const room = maxMessagesPerRequest - taken.length;
      const run = this.#run(channel, keepsOrder?.(channel) ? room : 1);
      // No spread: it takes a place on the stack for each of them.
      for (const parcel of run) taken.push(parcel);
      this.#begin(channel, run.length);
      if (taken.length >= maxMessagesPerRequest) break;
    }
    return taken.sort((a, b) => a.place - b.place).flatMap(({ messages }) => messages);
  }

  /** The next parcels of a channel that go into one request. */
  #run(channel: string, room: number): readonly Parcel[] {
    const { parcels = [], next = 0 } = this.#queues.get(channel) ?? {};
    let end = next + 1;
    while (end < parcels.length && end - next < room && !parcels[end]?.isAlone) end++;
    return parcels.slice(next, end);
  }

  #begin(channel: string, parcels: number): void {
    const queue = this.#queues.get(channel);
    if (queue === undefined) return;
    queue.next += parcels;
    queue.isBusy = true;
  }

  /** Notes that a request has ended, however it did. */
  ended(request: PendingRequest): void {
    for (const { channel } of request) {
      const queue = this.#queues.get(channel);
      // A request may hold several messages for one channel.
      if (queue === undefined || !queue.isBusy) continue;
      queue.isBusy = false;
      const next = queue.parcels[queue.next];
      if (next === undefined) this.#queues.delete(channel);
      else if (next.blocked <= 1) this.#isReady(next);
      else next.blocked--;
    }
  }
}

/** Whether several of these messages are for one channel. */
export function repeatChannels(deliveries: readonly Delivery[]): boolean {
  if (deliveries.length < 2) return false;
  const seen = new Set<string>();
  for (const { planned } of deliveries)
    for (const channel of planned.channels) if (seen.size === seen.add(channel).size) return true;
  return false;
}
