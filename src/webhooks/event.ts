import type { JsonValue } from '../wire/message.js';

/** What every event of a webhook has. */
export interface WebhookEventBase {
  /**
   * The same each time that the provider sends the event, and no other event's: by it duplicates are dropped. Where the provider
   * gives none, it is made from the webhook's text; where that tells no time, so that the same text may come of another event, at random.
   */
  readonly id: string;
  /** When it happened, or, where the provider does not say, when the webhook was sent or came in. */
  readonly time: Date;
  /** Name of the backend whose provider sent it. */
  readonly backend: string;
  /** The event as the provider wrote it. */
  readonly raw: JsonValue;
}

interface ChannelEvent extends WebhookEventBase {
  readonly channel: string;
}

/** A channel got its first subscriber, or lost its last one. */
export interface OccupancyEvent extends ChannelEvent {
  readonly type: 'channelOccupied' | 'channelVacated';
}

/** A user came to a presence channel with a first connection, or left it with the last one; with PubNub, to any channel. */
export interface MemberEvent extends ChannelEvent {
  readonly type: 'memberAdded' | 'memberRemoved';
  readonly userId: string;
}

/** A client sent an event to the others on a channel. It fires `messageReceived` as well. */
export interface ClientEvent extends ChannelEvent {
  readonly type: 'clientEvent';
  readonly event: string;
  readonly data: unknown;
  /** The sender's connection, where connections have an id. */
  readonly socketId?: string;
  /** The sender, where the provider tells: on presence channels, and with PubNub. */
  readonly userId?: string;
}

/** Someone subscribed to a cache channel that has no event to hand out. */
export interface CacheMissEvent extends ChannelEvent {
  readonly type: 'cacheMiss';
}

/** How many connections a channel has now. */
export interface SubscriptionCountEvent extends ChannelEvent {
  readonly type: 'subscriptionCount';
  readonly subscriptionCount: number;
}

/** What became of a notification on one device. `notificationSent`: the push service of the device's maker has taken it. */
export interface NotificationEvent extends WebhookEventBase {
  readonly type:
    | 'notificationSent'
    | 'notificationDelivered'
    | 'notificationClicked'
    | 'notificationFailed'
    | 'notificationUnsubscribed';
  /** As `report.info[channel].notificationId` has it; undefined where the provider does not say. */
  readonly notificationId: string | undefined;
  /** The recipient's id in the application, where the provider knows it. */
  readonly userId?: string;
}

/** Something that has no type here: nothing that a provider tells is dropped. `raw` has all of it. */
export interface OtherEvent extends WebhookEventBase {
  readonly type: 'other';
  /** What the provider calls it. */
  readonly name: string;
}

/** What a provider reports of its side, whichever it is; `type` tells which. */
export type WebhookEvent =
  | OccupancyEvent
  | MemberEvent
  | ClientEvent
  | CacheMissEvent
  | SubscriptionCountEvent
  | NotificationEvent
  | OtherEvent;

/** Called with each event of a webhook, one after the other. What it throws or rejects with, the webhook fails with. */
export type WebhookHandler = (event: WebhookEvent) => unknown;
