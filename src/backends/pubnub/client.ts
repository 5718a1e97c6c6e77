import type { PubNubEventLike, PubNubLike, PubNubStatusLike } from '../../wire/pubnub-sdk.js';

/** The service's answer to a message. */
export interface PubNubPublished {
  readonly timetoken: string | number;
}

/** A message or signal as the SDK hands it to a listener. */
export type PubNubEvent = PubNubEventLike;

/** The state of its subscription that the SDK reports. */
export type PubNubStatus = PubNubStatusLike;

/** A listener of the SDK's events; each method is optional. */
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

/**
 * The part of a client of the package `pubnub` that this backend uses. Structural, so that no type of the package is
 * needed.
 */
export interface PubNubClient extends PubNubLike {
  publish(parameters: object): Promise<PubNubPublished>;
  signal(parameters: object): Promise<PubNubPublished>;
  addListener(listener: PubNubListener): void;
  subscribe(names: PubNubNames): void;
  unsubscribe(names: PubNubNames): void;
  unsubscribeAll(): void;
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
