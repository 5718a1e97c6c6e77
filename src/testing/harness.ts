import type { PresenceMember, PushServerSettings } from '../index.js';

/** A message as the provider or one of its clients got it. */
export interface ProviderRecord {
  readonly channel: string;
  readonly event: string;
  /** The data, parsed. If the backend puts the notification into the data, it stays there. */
  readonly data: unknown;
  /** The id of the message, when the backend sends it. */
  readonly id?: string | undefined;
  /** The notification, when the backend does not put it into the data. */
  readonly notification?: object | undefined;
}

/** A client that is connected to the provider and gets messages. */
export interface ConformanceClient {
  /** The socket id for `except`. */
  readonly socketId: string;
  /** The messages that the client got, in order. */
  received(): readonly ProviderRecord[];
  /** Disconnects the client. Resolves when the provider has noticed. */
  close(): void | Promise<void>;
}

/** Faults of the provider. Each lasts until `recover`. A case is skipped when its fault is missing here. */
export interface ProviderFaults {
  /** Makes the provider refuse every request: it answers with an error and does nothing. */
  refuse?(): void;
  /** Makes the provider answer no request. */
  hang?(): void;
  /** Makes the provider close the connection in the middle of each request. */
  disconnect?(): void;
  /** Ends the fault. */
  recover(): void;
}

/** A backend with its provider, or with a stand-in for the provider. Made for one case. */
export interface ConformanceSubject {
  /** The settings for `createPushService`. If `backend` is an instance, it must be a new one. */
  readonly settings: PushServerSettings;
  /**
   * The secrets that must not show anywhere. Secrets under 8 characters are not searched for.
   * @default the secrets in `settings` and the backend's `secretKey`
   */
  readonly secrets?: readonly string[] | undefined;
  /** All messages that the provider got so far, in order, with one entry for each channel. */
  received(): readonly ProviderRecord[] | Promise<readonly ProviderRecord[]>;
  /** The number of requests that the provider got so far. With it, the suite checks that messages share requests. */
  requests?(): number;
  /**
   * Called before messages are sent to these channels. Use it to subscribe to a provider that shows only what it
   * delivers.
   */
  watch?(channels: readonly string[]): void | Promise<void>;
  /**
   * Connects a client to a channel, for the cases about `except` and presence.
   * @param member the client's member on a presence channel
   */
  join?(channel: string, member?: PresenceMember): Promise<ConformanceClient>;
  /**
   * Whether the provider delivers messages to subscribers. A stand-in may only record them.
   * @default true
   */
  readonly delivers?: boolean | undefined;
  readonly faults?: ProviderFaults | undefined;
  /** Called at the end of the case, after the service has closed. */
  close?(): void | Promise<void>;
}

/** Makes the backend for the suite, and tells its names and times. */
export interface ConformanceHarness {
  /** Makes a backend and its provider. Called once for each case. */
  create(): ConformanceSubject | Promise<ConformanceSubject>;
  /** Returns the name of a channel by its number, from 1. @default `conformance-1` and so on */
  channel?(number: number): string;
  /** The event name. @default 'conformance-event' */
  readonly event?: string | undefined;
  /**
   * The client in `authorizeChannel`: a socket id or a user id. The member on the presence channel is
   * `conformance-member`.
   * @default '1234.5678'
   */
  readonly client?: string | undefined;
  /** Name of a channel that needs authorisation. @default 'private-conformance' */
  readonly privateChannel?: string | undefined;
  /** Name of a presence channel. @default 'presence-conformance' */
  readonly presenceChannel?: string | undefined;
  /** Longest wait for messages that must arrive, in milliseconds. @default 5 000 */
  readonly waitMs?: number | undefined;
  /** How long to wait for messages that must not arrive, in milliseconds. @default 20 */
  readonly quietMs?: number | undefined;
}
