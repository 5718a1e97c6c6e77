import type { Logger } from '../../core/logger.js';
import { userOfChannel } from '../../pusher-protocol/names.js';
import type { AppKeys } from '../../pusher-protocol/signature.js';
import type { WireEvent } from '../../pusher-protocol/webhooks.js';
import type { ChannelObserver, LocalChannel, Publication } from '../local-channel.js';
import { DelayedLeaves } from './delayed-leaves.js';
import type { WebSocketWebhook } from './options.js';
import { type BatchLimits, WebhookSender } from './sender.js';

/** The options of an application's webhooks that are no webhook's own. */
export interface WebhookLimits extends BatchLimits {
  readonly webhookLeaveDelayMs: number;
}

/** Sends an application's webhooks what happens on its channels. */
export class AppWebhooks implements ChannelObserver {
  readonly #senders: readonly WebhookSender[];
  readonly #leaves: DelayedLeaves;
  #lastTime = 0;

  /** @param logger returns a logger that must not throw */
  constructor(app: AppKeys, webhooks: readonly WebSocketWebhook[], limits: WebhookLimits, logger: () => Logger) {
    const nextTime = (): number => this.#nextTime();
    this.#senders = webhooks.map((webhook) => new WebhookSender(webhook, app, { ...limits, nextTime, logger }));
    this.#leaves = new DelayedLeaves(limits.webhookLeaveDelayMs, (event) => this.#tell(event));
  }

  joined({ name: channel, size, members }: LocalChannel, newUser: string | undefined): void {
    if (size === 1 && !this.#leaves.cancel(channel)) this.#tell({ name: 'channel_occupied', channel });
    if (newUser !== undefined && !this.#leaves.cancel(channel, newUser))
      this.#tell({ name: 'member_added', channel, user_id: newUser });
    if (members === undefined) this.#tell({ name: 'subscription_count', channel, subscription_count: size });
  }

  left({ name: channel, size, members }: LocalChannel, goneUser: string | undefined, mayReturn: boolean): void {
    const tell = (event: WireEvent): void => (mayReturn ? this.#leaves.add(event) : this.#tell(event));
    if (goneUser !== undefined) tell({ name: 'member_removed', channel, user_id: goneUser });
    if (size === 0) {
      // Members who left before, and may have returned, left before the channel was vacated.
      if (!mayReturn) this.#leaves.flush(channel);
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

  /**
   * Sends the events that wait, also for somebody to return, and then ends.
   * @param timeoutMs how long it may take; events that are left then are dropped
   */
  async close(timeoutMs: number): Promise<void> {
    this.#leaves.flush();
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
