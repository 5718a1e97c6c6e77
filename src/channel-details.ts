import type { JsonValue } from './message.js';

/** Details that a provider tells of one channel of a message: what is named here, and whatever else a backend knows. */
export interface ChannelDetails {
  /** OneSignal: the notification, as `cancel` takes it. */
  readonly notificationId?: string;
  /** PubNub: when and where the message was stored. */
  readonly timetoken?: string;
  /** Pusher, where it was asked for: connections that are subscribed. */
  readonly subscriptionCount?: number;
  /** Pusher, where it was asked for: users on a presence channel. */
  readonly userCount?: number;
  readonly [detail: string]: JsonValue | undefined;
}
