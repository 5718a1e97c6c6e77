/** Anything that `JSON.parse` can return. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What a device shows for a message. Backends that reach an app that is not open map it to their own fields. */
export interface PushNotification {
  title: string;
  body?: string;
  /** Opened when the notification is clicked. */
  url?: string;
  /** BCP 47 tag of the language that title and body are in, such as `en` or `pt-BR`. */
  locale?: string;
}

/**
 * A message on its way to a backend. Immutable, and a snapshot: later changes to the object that the
 * caller passed as `data` do not show here.
 */
export interface OutgoingMessage {
  /** UUID; the same on every retry, so that a provider can drop duplicates. */
  readonly id: string;
  /** The caller's own name for the message: a second one with the same key is the same message. */
  readonly idempotencyKey?: string;
  readonly event: string;
  readonly data: JsonValue;
  readonly notification?: PushNotification;
  /** Socket id of the connection that must not receive the message. */
  readonly except?: string;
  /** The backend's own options for this message. */
  readonly backendOptions?: Readonly<Record<string, unknown>>;
  /**
   * What goes on the wire as the event's payload: the result of the backend's `encode`, made once for all
   * channels. Not enumerable, so that a message that is copied or serialised does not hold its data twice.
   */
  readonly payload: string;
}

/** A message for one channel, where many different ones are sent together. */
export interface AddressedMessage {
  readonly channel: string;
  readonly message: OutgoingMessage;
}

/** A message that came in through `subscribe`; `messageReceived` hands it to listeners. */
export interface IncomingMessage {
  readonly channel: string;
  readonly event: string;
  readonly data: unknown;
  /** The message's id, where the backend carries it. */
  readonly id?: string;
  /** What was subscribed to, where that is not the channel itself: a wildcard, or a group of channels. */
  readonly subscription?: string;
  /** PubNub: when and where the message was stored. */
  readonly timetoken?: string;
  /** Who sent it, where the backend knows: PubNub's publisher; with Pusher's protocol, the sender of a client event on a presence channel. */
  readonly userId?: string;
  readonly notification?: PushNotification;
}

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
