/** What the service answered to a message. */
export interface PubNubPublished {
  readonly timetoken: string | number;
}

/** A message or signal as the SDK hands it to a listener. */
export interface PubNubEvent {
  readonly channel: string;
  /** The channel, wildcard or channel group that was subscribed to. */
  readonly subscription: string | null;
  readonly timetoken: string | number;
  readonly message: unknown;
  /** The user id of who sent it. */
  readonly publisher?: string;
  /** Set when the message could not be decrypted. */
  readonly error?: string;
}

/** What the SDK tells of its subscription. */
export interface PubNubStatus {
  readonly category?: string;
  readonly affectedChannels?: readonly string[];
  readonly affectedChannelGroups?: readonly string[];
  readonly currentTimetoken?: string | number;
}

export interface PubNubListener {
  status?(status: PubNubStatus): void;
  message?(event: PubNubEvent): void;
  signal?(event: PubNubEvent): void;
  presence?(event: unknown): void;
  messageAction?(event: unknown): void;
  objects?(event: unknown): void;
  file?(event: unknown): void;
}

/** Channels and channel groups. */
export interface PubNubNames {
  readonly channels?: readonly string[];
  readonly channelGroups?: readonly string[];
}

/** A message from storage. */
export interface PubNubStoredMessage {
  readonly message: unknown;
  readonly timetoken: string | number;
  readonly uuid?: string;
  readonly error?: string;
}

/** The client of the package `pubnub`, as far as this backend uses it; structural, so that our types need none of its own. */
export interface PubNubClient {
  publish(parameters: object): Promise<PubNubPublished>;
  signal(parameters: object): Promise<PubNubPublished>;
  addListener(listener: PubNubListener): void;
  subscribe(names: PubNubNames): void;
  unsubscribe(names: PubNubNames): void;
  unsubscribeAll(): void;
  disconnect(isOffline?: boolean): void;
  reconnect(cursor?: { timetoken?: string }): void;
  destroy(): void;
  setToken(token: string): void;
  hereNow(parameters: object): Promise<{
    readonly totalOccupancy: number;
    readonly channels: Readonly<Record<string, { readonly occupants: readonly { readonly uuid: string }[] }>>;
  }>;
  fetchMessages(parameters: object): Promise<{
    readonly channels: Readonly<Record<string, readonly PubNubStoredMessage[]>>;
  }>;
  grantToken(parameters: object): Promise<string>;
  decrypt(message: string): unknown;
}

/** The class that the package `pubnub` exports. */
export interface PubNubClass {
  new (configuration: object): PubNubClient;
  readonly CryptoModule: Readonly<
    Record<'aesCbcCryptoModule' | 'legacyCryptoModule', (configuration: object) => object>
  >;
  readonly NoneRetryPolicy: () => object;
}
