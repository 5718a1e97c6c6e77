import { setTimeout as wait } from 'node:timers/promises';
import { userOfChannel } from '../../pusher-protocol/names.js';
import type { AppKeys } from '../../pusher-protocol/signature.js';
import type { WireEvent } from '../../pusher-protocol/webhooks.js';
import type { ChannelObserver, LocalChannel, Publication } from '../local-channel.js';
import type { AppRelay } from '../relay/app-relay.js';
import type { LogEntry } from '../relay/relay.js';
import type { AppEvents } from './app-events.js';
import { DelayedLeaves } from './delayed-leaves.js';
import { LocalEvents } from './local-events.js';
import type { WebSocketWebhook } from './options.js';
import type { WebhookHost } from './report.js';
import type { BatchLimits } from './sender.js';
import { SharedEvents } from './shared-events.js';

/** The options of an application's webhooks that are no webhook's own. */
export interface WebhookLimits extends BatchLimits {
  readonly webhookLeaveDelayMs: number;
  /** How long a presence channel keeps a member whose connection was lost. */
  readonly presenceLeaveDelayMs: number;
}

/** Tells an application's webhooks what happens on its channels. */
export class AppWebhooks implements ChannelObserver {
  readonly #events: AppEvents;
  readonly #shared: SharedEvents | undefined;
  readonly #leaves: DelayedLeaves;
  /** Those of presence channels, for which the server itself waits as well. */
  readonly #presenceLeaves: DelayedLeaves;
  readonly #leaveDelayMs: number;
  /** How long other nodes keep the members of this one when it closes, for webhooks as well; 0 when they do not. */
  readonly #lingerMs: number;
  #isLingering = false;
  #lastTime = 0;

  /**
   * @param relay joins the process with others. Then the observer hears what happens on this node alone, and may be
   * told again of a user or a channel that is there
   */
  constructor(
    app: AppKeys,
    webhooks: readonly WebSocketWebhook[],
    limits: WebhookLimits,
    host: WebhookHost,
    relay?: AppRelay,
  ) {
    const batches = { ...limits, nextTime: () => this.#nextTime() };
    const { webhookLeaveDelayMs, presenceLeaveDelayMs } = limits;
    this.#lingerMs = presenceLeaveDelayMs >= webhookLeaveDelayMs ? presenceLeaveDelayMs : 0;
    this.#shared = relay && new SharedEvents(app, webhooks, { ...batches, lingerMs: this.#lingerMs }, host, relay);
    this.#events = this.#shared ?? new LocalEvents(app, webhooks, batches, host);
    this.#leaveDelayMs = webhookLeaveDelayMs;
    this.#leaves = new DelayedLeaves(webhookLeaveDelayMs, (event) => this.#tell(event));
    // Both begin when the connection is lost, so of the two delays the longer one counts.
    const rest = Math.max(0, webhookLeaveDelayMs - presenceLeaveDelayMs);
    this.#presenceLeaves = new DelayedLeaves(rest, (event) => this.#tell(event));
  }

  /** Begins, when the server serves and is joined with others. */
  open(): void {
    this.#events.open();
  }

  #leavesOf({ members }: LocalChannel): DelayedLeaves {
    return members === undefined ? this.#leaves : this.#presenceLeaves;
  }

  joined(joined: LocalChannel, newUser: string | undefined, isFirst: boolean): void {
    const { name: channel, size, members } = joined;
    const leaves = this.#leavesOf(joined);
    const isBack = (userId?: string): boolean => leaves.cancel(channel, userId) && this.#shared === undefined;
    if (isFirst && !isBack()) this.#tell({ name: 'channel_occupied', channel });
    if (newUser !== undefined && !isBack(newUser)) this.#tell({ name: 'member_added', channel, user_id: newUser });
    if (members === undefined) this.#tell({ name: 'subscription_count', channel, subscription_count: size });
  }

  left(left: LocalChannel, goneUser: string | undefined, mayReturn: boolean): void {
    const { name: channel, size, members, isOccupied } = left;
    // Other nodes tell of them if they do not come back.
    if (this.#isLingering && mayReturn && members !== undefined) return;
    const leaves = this.#leavesOf(left);
    const tell = (event: WireEvent): void => (mayReturn ? leaves.add(event) : this.#tell(event));
    if (goneUser !== undefined) tell({ name: 'member_removed', channel, user_id: goneUser });
    if (!isOccupied) {
      // Members who left before, and may have returned, left before the channel was vacated.
      if (!mayReturn) leaves.flush(channel);
      tell({ name: 'channel_vacated', channel });
    }
    // On other nodes there may be others.
    if (members === undefined && (isOccupied || this.#shared !== undefined))
      this.#tell({ name: 'subscription_count', channel, subscription_count: size });
  }

  closing(): void {
    this.#isLingering = this.#events.goesOn && this.#lingerMs > 0;
  }

  whenTold(channel: string): Promise<void> | undefined {
    return this.#shared?.whenTold(channel);
  }

  clientEvent(publication: Publication, socketId: string): void {
    this.#tell(clientEvent(publication, socketId));
  }

  async publishClientEvent<Result>(
    publication: Publication,
    socketId: string,
    publish: (entry: LogEntry | undefined) => Promise<Result>,
  ): Promise<Result> {
    const { channel } = publication;
    // So that a log has it behind what happened before.
    await this.whenTold(channel);
    const entry = this.#shared?.entry(clientEvent(publication, socketId));
    const result = await publish(entry);
    if (entry !== undefined) this.#shared?.appended(channel);
    return result;
  }

  cacheMissed(channel: string): void {
    this.#tell({ name: 'cache_miss', channel });
  }

  /** Number of events that no receiver has taken yet, counted once for each webhook. */
  get waiting(): number {
    return this.#events.waiting;
  }

  /**
   * Sends the events that wait, also for somebody to return, and then ends. Where other nodes go on, those who are lost
   * may still return to them in time.
   * @param timeoutMs how long it may take; events that are left then are dropped, or left to other nodes
   */
  async close(timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs;
    if (this.#events.goesOn && this.#leaves.size + this.#presenceLeaves.size > 0)
      await wait(Math.min(timeoutMs, this.#leaveDelayMs));
    this.#leaves.flush();
    this.#presenceLeaves.flush();
    await this.#events.close(Math.max(0, end - performance.now()));
  }

  #tell(event: WireEvent): void {
    // A signed-in user's channel is the server's own: nobody is told of it.
    if (userOfChannel(event.channel) !== undefined) return;
    this.#events.take(event);
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

function clientEvent({ channel, event, data, userId }: Publication, socketId: string): WireEvent {
  const user = userId !== undefined && { user_id: userId };
  return { name: 'client_event', channel, event, data, socket_id: socketId, ...user };
}
