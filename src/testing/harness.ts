import type { PresenceMember, PushServerSettings } from '../index.js';

/** A message as the provider got it, or as one of its clients did. */
export interface ProviderRecord {
  readonly channel: string;
  readonly event: string;
  /** Read back from the wire. A notification that the backend puts among the data stays there. */
  readonly data: unknown;
  /** The message's id, where the backend hands it on. */
  readonly id?: string | undefined;
  /** The notification, where the backend does not put it among the data. */
  readonly notification?: object | undefined;
}

/** A connection of the provider's to which messages are delivered. */
export interface ConformanceClient {
  /** What `except` names it by. */
  readonly socketId: string;
  /** What it was delivered, in order. */
  received(): readonly ProviderRecord[];
  /** Leaves; resolves when the provider has noticed. */
  close(): void | Promise<void>;
}

/** Makes the provider go wrong, until `recover`. A case that needs a fault which is not here says that it was skipped. */
export interface ProviderFaults {
  /** From now on every request is refused: the provider says no, and does nothing. */
  refuse?(): void;
  /** From now on no request is answered. */
  hang?(): void;
  /** From now on the connection is lost in the middle of each request. */
  disconnect?(): void;
  /** All is well again. */
  recover(): void;
}

/** A backend with its provider, or what stands in for the provider. Made for one case. */
export interface ConformanceSubject {
  /** What `createPushService` takes. An instance as `backend` must be a new one. */
  readonly settings: PushServerSettings;
  /**
   * What must not show anywhere. Texts under 8 characters are not looked for.
   * @default the secrets in `settings` and the backend's `secretKey`
   */
  readonly secrets?: readonly string[] | undefined;
  /** Every message that the provider got so far, one entry for each channel. */
  received(): readonly ProviderRecord[] | Promise<readonly ProviderRecord[]>;
  /** How many requests the provider got so far. Where it is told, the suite checks that messages share requests. */
  requests?(): number;
  /** Called before something is sent to these channels: for a provider of which nothing is seen but what it delivers. */
  watch?(channels: readonly string[]): void | Promise<void>;
  /**
   * Connects a client to a channel: for `except` and presence.
   * @param member who it is, on the presence channel
   */
  join?(channel: string, member?: PresenceMember): Promise<ConformanceClient>;
  /**
   * Whether the provider delivers what it gets to who subscribes: what stands in for one may only take what it is sent.
   * @default true
   */
  readonly delivers?: boolean | undefined;
  readonly faults?: ProviderFaults | undefined;
  /** Called at the end of the case, after the service was closed. */
  close?(): void | Promise<void>;
}

/** What the suite needs to know of a backend. */
export interface ConformanceHarness {
  /** Makes a backend and its provider. Called once for each case. */
  create(): ConformanceSubject | Promise<ConformanceSubject>;
  /** Names the channels that are sent to, from 1. @default `conformance-1` and so on */
  channel?(number: number): string;
  /** @default 'conformance-event' */
  readonly event?: string | undefined;
  /** By what `authorizeChannel` knows a client. The member on the presence channel is `conformance-member`. @default '1234.5678' */
  readonly client?: string | undefined;
  /** A channel that needs authorisation. @default 'private-conformance' */
  readonly privateChannel?: string | undefined;
  /** A channel that knows its members. @default 'presence-conformance' */
  readonly presenceChannel?: string | undefined;
  /** How long to wait for what comes in by itself, in milliseconds. @default 5 000 */
  readonly waitMs?: number | undefined;
  /** How long to wait for what must not come in, in milliseconds. @default 20 */
  readonly quietMs?: number | undefined;
}
