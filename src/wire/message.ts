/** Anything that `JSON.parse` can return. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * The notification that a device shows for a message. Backends that reach closed apps map it to the provider's fields.
 */
export type PushNotification = NotificationDetails &
  // A notification has a title, a body, or both.
  ({ title: string; body?: string } | { title?: string; body: string });

interface NotificationDetails {
  /** Address that opens when the notification is clicked. */
  url?: string;
  /** BCP 47 tag of the language that title and body are in, such as `en` or `pt-BR`. */
  locale?: string;
}

/**
 * A message on its way to a backend: an immutable snapshot, which later changes to the caller's `data` do not reach.
 */
export interface OutgoingMessage {
  /** UUID; the same on every retry, so that a provider can drop duplicates. */
  readonly id: string;
  /** The caller's own key of the message: two messages with the same key are one and the same. */
  readonly idempotencyKey?: string;
  readonly event: string;
  readonly data: JsonValue;
  readonly notification?: PushNotification;
  /** Socket id of the one connection that must not receive the message. */
  readonly except?: string;
  /** The backend's own options for this message. */
  readonly backendOptions?: Readonly<Record<string, unknown>>;
  /**
   * Set on a message that a message store keeps: it may be sent again after a crash. Its id MUST travel with it as far
   * as the provider allows, so that its receivers drop what comes twice.
   */
  readonly isRecorded?: true;
  /**
   * The event's payload on the wire: the result of the backend's `encode`, made once for all channels. Not enumerable,
   * so that a copy or the JSON of a message does not hold its data twice.
   */
  readonly payload: string;
}

/** One of many different messages that share a request, with its channel. */
export interface AddressedMessage {
  readonly channel: string;
  readonly message: OutgoingMessage;
}

/** A message that came in: on the server for listeners of `messageReceived`, in a page for those of `PushClient`. */
export interface IncomingMessage {
  readonly channel: string;
  readonly event: string;
  readonly data: unknown;
  /** The message's id, where the backend transmits it: the embedded server does for recorded messages. */
  readonly id?: string;
  /** The wildcard or channel group that brought the message in; absent where that was the channel itself. */
  readonly subscription?: string;
  /** PubNub's time and place of the message: 17 digits, in tenths of a microsecond since 1970. */
  readonly timetoken?: string;
  /**
   * The sender's user id, where the backend knows it: PubNub's publisher, or, with Pusher's protocol, the sender of a
   * client event on a presence channel.
   */
  readonly userId?: string;
  readonly notification?: PushNotification;
}

/** A provider's details about one channel of a message. A backend may add keys of its own. */
export interface ChannelDetails {
  /** OneSignal: id of the notification, for `cancel`. */
  readonly notificationId?: string;
  /** PubNub's time and place of the message. */
  readonly timetoken?: string;
  /** Pusher, on request: number of subscribed connections. */
  readonly subscriptionCount?: number;
  /** Pusher, on request: number of users on a presence channel. */
  readonly userCount?: number;
  /**
   * The embedded server: `'local'` when its relay was away, so that the clients of this process alone got the message.
   * See its option `relayFailure`.
   */
  readonly relay?: 'local';
  readonly [detail: string]: JsonValue | undefined;
}
