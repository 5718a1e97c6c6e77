import type { JsonValue } from '../wire/message.js';

/** The fields of every webhook event. */
export interface WebhookEventBase {
  /**
   * Identifies the event, so that duplicates can be dropped: it is the same each time the provider sends the event.
   * When the provider gives no id, it is a digest of the webhook; when the webhook has no time either, it is random.
   */
  readonly id: string;
  /** When the event happened. When the provider does not say, when the webhook was sent or arrived. */
  readonly time: Date;
  /** Name of the backend whose provider sent the event. */
  readonly backend: string;
  /** The event as the provider wrote it. */
  readonly raw: JsonValue;
}

interface ChannelEvent extends WebhookEventBase {
  readonly channel: string;
}

/** A channel got its first subscriber, or lost its last. */
export interface OccupancyEvent extends ChannelEvent {
  readonly type: 'channelOccupied' | 'channelVacated';
}

/** A user joined a presence channel with a first connection, or left it with the last one. With PubNub, any channel. */
export interface MemberEvent extends ChannelEvent {
  readonly type: 'memberAdded' | 'memberRemoved';
  readonly userId: string;
}

/** A client sent an event to the other clients of a channel. It also fires `messageReceived`. */
export interface ClientEvent extends ChannelEvent {
  readonly type: 'clientEvent';
  readonly event: string;
  readonly data: unknown;
  /** The sender's socket id, when the provider has one. */
  readonly socketId?: string;
  /** The sender's user id, when the provider tells: on presence channels, and with PubNub. */
  readonly userId?: string;
}

/** A client subscribed to a cache channel that has no event yet. */
export interface CacheMissEvent extends ChannelEvent {
  readonly type: 'cacheMiss';
}

/** The number of subscribed connections of a channel has changed. */
export interface SubscriptionCountEvent extends ChannelEvent {
  readonly type: 'subscriptionCount';
  readonly subscriptionCount: number;
}

/**
 * A notification's progress on one device. `notificationSent`: the push service of Apple, Google or the browser has
 * accepted it.
 */
export interface NotificationEvent extends WebhookEventBase {
  readonly type:
    | 'notificationSent'
    | 'notificationDelivered'
    | 'notificationClicked'
    | 'notificationFailed'
    | 'notificationUnsubscribed';
  /** The id in `report.info[channel].notificationId`; undefined when the provider does not say. */
  readonly notificationId: string | undefined;
  /** The recipient's user id in the application, when the provider knows it. */
  readonly userId?: string;
  /** A notification is of no channel. */
  readonly channel?: undefined;
}

/** Any other event of the provider. Its content is in `raw`. */
export interface OtherEvent extends WebhookEventBase {
  readonly type: 'other';
  /** The provider's own name of the event. */
  readonly name: string;
  /** Where there is one, `raw` has it. */
  readonly channel?: undefined;
}

/** An event that a provider reports by webhook. Its `type` tells which. */
export type WebhookEvent =
  | OccupancyEvent
  | MemberEvent
  | ClientEvent
  | CacheMissEvent
  | SubscriptionCountEvent
  | NotificationEvent
  | OtherEvent;

/**
 * Called with each event of a webhook, one after the other. When it throws or rejects, the webhook fails with that
 * error.
 */
export type WebhookHandler = (event: WebhookEvent) => unknown;
