import type { Logger } from '../../core/logger.js';
import { userOfChannel } from '../../pusher-protocol/names.js';
import type { AppKeys } from '../../pusher-protocol/signature.js';
import type { WireEvent } from '../../pusher-protocol/webhooks.js';
import type { ChannelObserver, LocalChannel, Publication } from '../local-channel.js';
import type { ServerCounters } from '../metrics/counters.js';
import { DelayedLeaves } from './delayed-leaves.js';
import type { WebSocketWebhook } from './options.js';
import { type BatchLimits, WebhookSender } from './sender.js';

/** The options of an application's webhooks that are no webhook's own. */
export interface WebhookLimits extends BatchLimits {
  readonly webhookLeaveDelayMs: number;
  /** How long a presence channel keeps a member whose connection was lost. */
  readonly presenceLeaveDelayMs: number;
}

/** The server that an application's webhooks belong to. */
export interface WebhookHost {
  readonly counters: ServerCounters;
  /** Its logger must not throw. */
  readonly logger: () => Logger;
}

/** Sends an application's webhooks what happens on its channels. */
export class AppWebhooks implements ChannelObserver {
  readonly #senders: readonly WebhookSender[];
  readonly #leaves: DelayedLeaves;
  /** Those of presence channels, for which the server itself waits as well. */
  readonly #presenceLeaves: DelayedLeaves;
  #lastTime = 0;

  constructor(
    app: AppKeys,
    webhooks: readonly WebSocketWebhook[],
    limits: WebhookLimits,
    { counters, logger }: WebhookHost,
  ) {
    const nextTime = (): number => this.#nextTime();
    const host = { ...limits, counters, nextTime, logger };
    this.#senders = webhooks.map((webhook) => new WebhookSender(webhook, app, host));
    const { webhookLeaveDelayMs, presenceLeaveDelayMs } = limits;
    this.#leaves = new DelayedLeaves(webhookLeaveDelayMs, (event) => this.#tell(event));
    // Both begin when the connection is lost, so of the two delays the longer one counts.
    const rest = Math.max(0, webhookLeaveDelayMs - presenceLeaveDelayMs);
    this.#presenceLeaves = new DelayedLeaves(rest, (event) => this.#tell(event));
  }

  #leavesOf({ members }: LocalChannel): DelayedLeaves {
    return members === undefined ? this.#leaves : this.#presenceLeaves;
  }

  joined(joined: LocalChannel, newUser: string | undefined, isFirst: boolean): void {
    const { name: channel, size, members } = joined;
    const leaves = this.#leavesOf(joined);
    if (isFirst && !leaves.cancel(channel)) this.#tell({ name: 'channel_occupied', channel });
    if (newUser !== undefined && !leaves.cancel(channel, newUser))
      this.#tell({ name: 'member_added', channel, user_id: newUser });
    if (members === undefined) this.#tell({ name: 'subscription_count', channel, subscription_count: size });
  }

  left(left: LocalChannel, goneUser: string | undefined, mayReturn: boolean): void {
    const { name: channel, size, members, isOccupied } = left;
    const leaves = this.#leavesOf(left);
    const tell = (event: WireEvent): void => (mayReturn ? leaves.add(event) : this.#tell(event));
    if (goneUser !== undefined) tell({ name: 'member_removed', channel, user_id: goneUser });
    if (!isOccupied) {
      // Members who left before, and may have returned, left before the channel was vacated.
      if (!mayReturn) leaves.flush(channel);
      tell({ name: 'channel_vacated', channel });
    } else if (members === undefined) this.#tell({ name: 'subscription_count', channel, subscription_count: size });
  }

  clientEvent({ channel, event, data, userId }: Publication, socketId: string): void {
    const user = userId !== undefined && { user_id: userId };
    this.#tell({ name: 'client_event', channel, event, data, socket_id: socketId, ...user });
  }

  cacheMissed(channel: string): void {
    this.#tell({ name: 'cache_miss', channel });
  }

  /** Number of events that no receiver has taken yet, counted once for each webhook. */
  get waiting(): number {
    return this.#senders.reduce((sum, sender) => sum + sender.waiting, 0);
  }

  /**
   * Sends the events that wait, also for somebody to return, and then ends.
   * @param timeoutMs how long it may take; events that are left then are dropped
   */
  async close(timeoutMs: number): Promise<void> {
    this.#leaves.flush();
    this.#presenceLeaves.flush();
    await Promise.all(this.#senders.map((sender) => sender.close(timeoutMs)));
  }

  #tell(event: WireEvent): void {
    // A signed-in user's channel is the server's own: nobody is told of it.
    if (userOfChannel(event.channel) !== undefined) return;
    for (const sender of this.#senders) if (sender.takes(event)) sender.add(event);
  }

  /**
   * The time of the next webhook. Each is later than the last, so two webhooks with the same events never have the same
   * text.
   */
  #nextTime(): number {
    this.#lastTime = Math.max(Date.now(), this.#lastTime + 1);
    return this.#lastTime;
  }
}
