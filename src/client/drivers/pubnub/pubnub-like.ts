/** A message or signal as the SDK hands it to a listener. */
export interface PubNubEventLike {
  readonly channel: string;
  /** The channel or wildcard that was subscribed to. */
  readonly subscription: string | null;
  readonly timetoken: string | number;
  readonly message: unknown;
  /** The user id of who sent it. */
  readonly publisher?: string;
  /** Set when the message could not be decrypted. */
  readonly error?: string;
}

/** What the SDK tells of its subscription. */
export interface PubNubStatusLike {
  readonly category?: string;
  /** Category of the failure. */
  readonly error?: unknown;
  readonly affectedChannels?: readonly string[];
  readonly currentTimetoken?: string | number;
}

/** The part of a client of the package `pubnub` (11 or later) that the driver uses. */
export interface PubNubLike {
  addListener(listener: {
    status(status: PubNubStatusLike): void;
    message(event: PubNubEventLike): void;
    signal(event: PubNubEventLike): void;
  }): void;
  subscribe(names: { channels: string[] }): void;
  unsubscribe(names: { channels: string[] }): void;
  disconnect(isOffline?: boolean): void;
  reconnect(cursor?: { timetoken?: string }): void;
  destroy(): void;
  setToken(token: string): void;
}

/** The class that the package `pubnub` exports; `never` because its configuration is its own affair. */
export interface PubNubConstructorLike {
  new (configuration: never): PubNubLike;
  NoneRetryPolicy(): unknown;
}
