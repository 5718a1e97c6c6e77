import { subscriptionCount } from '../pusher-protocol/messages.js';
import { userOfChannel } from '../pusher-protocol/names.js';
import { textFrame } from './frames.js';
import type { ChannelSubscriber, LocalChannel } from './local-channel.js';
import { WaitingLine } from './waiting-line.js';

/** Pusher: up to so many subscribers hear of each change of their number. */
const MAX_TOLD_AT_ONCE = 100;

/** Pusher: more subscribers hear of it every 5 seconds, as long as there are changes. */
const INTERVAL_MS = 5000;

/**
 * Tells the subscribers of channels how many they are. On a large channel many changes become one message to all, and
 * only who is new is told at once; so n who come cause n messages and some more, and not n². Presence channels, which
 * have members, and the channel of a user are left out. Source: "pusher:subscription_count" in
 * https://pusher.com/docs/channels/using_channels/events
 */
export class SubscriptionCounts {
  /** Large channels whose number has changed. */
  readonly #waiting = new WaitingLine<LocalChannel>(INTERVAL_MS, (channel) => this.#tellChange(channel));

  /**
   * A connection has subscribed. Returns the bytes that are sent.
   * @param subscriber undefined for one that speaks no protocol, which is told nothing
   */
  joined(channel: LocalChannel, subscriber: ChannelSubscriber | undefined): number {
    if (!isCounted(channel)) return 0;
    if (channel.total <= MAX_TOLD_AT_ONCE) return this.#tellAll(channel);
    this.#waiting.add(channel);
    return this.tell(channel, subscriber);
  }

  /** Tells one subscriber. Returns the bytes that are sent. */
  tell(channel: LocalChannel, subscriber: ChannelSubscriber | undefined): number {
    if (subscriber === undefined || !isCounted(channel)) return 0;
    if (channel.total !== channel.toldSize) channel.toldSize = undefined;
    const frame = countFrame(channel);
    subscriber.send(frame);
    return frame.length;
  }

  /** There are more subscribers or less. Returns the bytes that are sent. */
  changed(channel: LocalChannel): number {
    if (!isCounted(channel)) return 0;
    if (channel.total <= MAX_TOLD_AT_ONCE) return this.#tellAll(channel);
    this.#waiting.add(channel);
    return 0;
  }

  /** Tells no more of what has changed. */
  stop(): void {
    this.#waiting.clear();
  }

  #tellChange(channel: LocalChannel): void {
    if (channel.total !== channel.toldSize) this.#tellAll(channel);
  }

  #tellAll(channel: LocalChannel): number {
    this.#waiting.delete(channel);
    channel.toldSize = channel.total;
    if (channel.size === 0) return 0;
    const frame = countFrame(channel);
    channel.deliver(frame);
    return frame.length * channel.size;
  }
}

function isCounted({ name, members }: LocalChannel): boolean {
  return members === undefined && userOfChannel(name) === undefined;
}

function countFrame({ name, total }: LocalChannel): Buffer {
  return textFrame(subscriptionCount(name, total));
}
